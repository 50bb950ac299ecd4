/** JSON as Go writes it, which is how nats-server writes all of its JSON. */

/** `<`, `>`, `&` and two line separators are escaped; `indent` blanks a level, none for 0. */
export function goJson(value: unknown, indent: number = 0): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
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
