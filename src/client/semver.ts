/** Versions of servers, for those who ask what a server can do. */

/** The three numbers of a version. */
export interface SemVer {
  /** The first one. */
  readonly major: number;
  /** The second one. */
  readonly minor: number;
  /** The third one. */
  readonly micro: number;
}

/** Reads `2.9.10`, whatever follows, as in `2.12.0-RC.1`. Undefined: it is no version. */
export function parseSemVer(text: string): SemVer | undefined {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)(?![\d.])/.exec(text);
  if (numbers === null) return undefined;
  const [major, minor, micro] = numbers.slice(1).map(Number);
  return { major: major!, minor: minor!, micro: micro! };
}
