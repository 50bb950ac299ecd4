/**
 * Certificates and keys that a client names as files: they are read once, before
 * the client connects, since the library itself knows no files.
 */
import { InvalidArgumentError, isError } from "../core/errors.ts";
import type { ConnectionOptions, TlsOptions } from "../client/api/options.ts";

/** Each option that names a file, and the one that holds its text. */
const FILES = [
  ["caFile", "ca"],
  ["certFile", "cert"],
  ["keyFile", "key"],
] as const;

/**
 * The options with texts in the place of files. Throws `InvalidArgumentError`
 * for a file that cannot be read, and for one beside the text that it stands for.
 */
export function withTlsFiles<T extends Pick<ConnectionOptions, "tls">>(
  options: T,
  readFile: (path: string) => string,
): T {
  const { tls } = options;
  if (tls === undefined || tls === null) return options;
  const { caFile: _ca, certFile: _cert, keyFile: _key, ...texts } = tls;
  for (const [file, text] of FILES) {
    const path = tls[file];
    if (path === undefined) continue;
    if (tls[text] !== undefined) {
      throw new InvalidArgumentError(
        `Options "tls.${file}" and "tls.${text}" exclude each other`,
      );
    }
    Object.assign(texts, { [text]: contents(file, path, readFile) });
  }
  return { ...options, tls: texts satisfies TlsOptions };
}

function contents(
  option: string,
  path: string,
  readFile: (path: string) => string,
): string {
  try {
    return readFile(path);
  } catch (cause) {
    const text = isError(cause) ? cause.message : String(cause);
    throw new InvalidArgumentError(`Option "tls.${option}": ${text}`, {
      cause,
    });
  }
}
