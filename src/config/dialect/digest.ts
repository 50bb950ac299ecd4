/**
 * A configuration in one line of JSON, as nats-server makes its digest of it:
 * keys in order, values as they were read, without the variables that others
 * refer to.
 */
import type { ConfigMap, ConfigValue } from "./tree.ts";

export function digestedText(root: ConfigMap): string {
  return `${textOf(root)}\n`;
}

function textOf(value: ConfigValue): string {
  switch (value.kind) {
    case "map":
      return mapText(value);
    case "array":
      return `[${value.items.map(textOf).join()}]`;
    case "date":
      return quotedText(value.value.toISOString().replace(/\.0+Z$/, "Z"));
    case "string":
      return quotedText(value.value);
    default:
      return JSON.stringify(value.value);
  }
}

function mapText({ entries }: ConfigMap): string {
  const fields = [...entries.values()]
    .filter(({ isVariable }) => !isVariable)
    .sort((one, other) => one.key < other.key ? -1 : 1)
    .map(({ key, value }) => `${quotedText(key)}:${textOf(value)}`);
  return `{${fields.join()}}`;
}

/** Go's JSON is fit for HTML. */
function quotedText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
