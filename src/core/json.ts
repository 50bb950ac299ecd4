/** JSON as Go writes it, which is how nats-server writes all of its JSON. */

/** `<`, `>`, `&` and two line separators are escaped; `indent` blanks a level, none for 0. */
export function goJson(value: unknown, indent: number = 0): string {
  const text = JSON.stringify(value, undefined, indent);
  return (hasLarge(text) ? JSON.stringify(value, exact, indent) : text)
    .replace(
      /[<>&\u2028\u2029]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

/** Beyond these a number has not all of its digits in JSON. */
const LARGE_DIGITS = 17;
const INT64_END = 2 ** 63;
const UINT64_END = 2 ** 64;

/** What stands in JSON as it is written; where a runtime has none, the number stays. */
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/** Whether that many digits stand in a row: one of them is at a multiple of their number, and only there it looks. */
function hasLarge(text: string): boolean {
  for (let at = 0; at < text.length; at += LARGE_DIGITS) {
    if (!isDigit(text, at)) continue;
    let first = at;
    while (isDigit(text, first - 1)) first--;
    let end = at + 1;
    while (end - first < LARGE_DIGITS && isDigit(text, end)) end++;
    if (end - first >= LARGE_DIGITS) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** A whole number with all of its digits: the ends of Go's types are what they stand for. */
function exact(_: string, value: unknown): unknown {
  const isLarge = typeof value === "number" && Number.isInteger(value) &&
    !Number.isSafeInteger(value);
  if (!isLarge || rawJson === undefined) return value;
  const isEnd = value === INT64_END || value === UINT64_END;
  return rawJson(String(BigInt(value) - (isEnd ? 1n : 0n)));
}

/** The name of a field that is meant, as Go compares names: in any case. */
export function fieldName(name: string): string {
  // A long s has no capital letter of its own; the Kelvin sign becomes a k.
  return name.toLowerCase().replaceAll("\u017f", "s");
}

/** Whether a value is an object, and no list. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
