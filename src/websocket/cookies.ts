/** The cookies of a request, read as Go reads them: what is no cookie is passed over. */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Printable, and no quote, semicolon or backslash. */
const VALUE = /^[ !#-:<-[\]-~]*$/;

/** By their names. NATS: of several with one name the last holds. */
export function readCookies(
  headers: readonly string[],
): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of headers.flatMap((header) => header.split(";"))) {
    const [, name = "", rest = ""] = /^([^=]*)=?(.*)$/.exec(part.trim()) ?? [];
    const value = /^"(.*)"$/.exec(rest)?.[1] ?? rest;
    const isCookie = NAME.test(name.trim()) && VALUE.test(value);
    if (isCookie) cookies.set(name.trim(), value);
  }
  return cookies;
}
