/** What `scripts/build.ts` can make: the shape of a row in its table. */

/** One thing to build. */
export interface Target {
  /** What comes out, for the list of targets. */
  readonly doc: string;
  /** Makes it in the folder `out`, which is there, and gives the files' paths. */
  build(out: string): readonly string[];
}

/** It cannot be built on this machine; the message says why. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}
