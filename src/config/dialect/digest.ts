/**
 * A configuration in one line of JSON, as nats-server makes its digest of it:
 * keys in order, values as they were read, without the variables that others
 * refer to.
 */
import { isShort } from "./short_maps.ts";
import type {
  ConfigArray,
  ConfigEntry,
  ConfigMap,
  ConfigValue,
} from "./tree.ts";
import type { Steps } from "../../core/steps.ts";

/** Values whose texts take as long to make as a step: short maps are read for it. */
const VALUES_PER_STEP = 64;

export function* digestedText(root: ConfigMap): Steps<string> {
  return `${yield* textOf(root, { values: 0 })}\n`;
}

function* textOf(
  value: ConfigMap | ConfigArray,
  count: { values: number },
): Steps<string> {
  const texts: string[] = [];
  const told = value.kind === "map" ? toldOf(value) : value.items;
  for (const each of told) {
    if (++count.values % VALUES_PER_STEP === 0) yield;
    const isEntry = "key" in each;
    const inner = isEntry ? each.value : each;
    const text = isScalar(inner) || isShort(inner)
      ? shortText(inner)
      : yield* textOf(inner, count);
    texts.push(isEntry ? `${quotedText(each.key)}:${text}` : text);
  }
  return value.kind === "map" ? `{${texts.join()}}` : `[${texts.join()}]`;
}

/** A list or a map of a few values is no work for a step of its own. */
function shortText(value: ConfigValue): string {
  if (isScalar(value)) return scalarText(value);
  if (value.kind === "array") return `[${value.items.map(shortText).join()}]`;
  const fields = toldOf(value).map((entry) =>
    `${quotedText(entry.key)}:${shortText(entry.value)}`
  );
  return `{${fields.join()}}`;
}

function toldOf({ entries }: ConfigMap): ConfigEntry[] {
  return [...entries.values()]
    .filter(({ isVariable }) => !isVariable)
    .sort((one, other) => one.key < other.key ? -1 : 1);
}

type Scalar = Exclude<ConfigValue, { kind: "map" | "array" }>;

function isScalar(value: ConfigValue): value is Scalar {
  return value.kind !== "map" && value.kind !== "array";
}

function scalarText({ kind, value }: Scalar): string {
  if (kind === "string") return quotedText(value);
  return kind === "date"
    ? quotedText(value.toISOString().replace(/\.0+Z$/, "Z"))
    : JSON.stringify(value);
}

const HTML = /[<>&\u2028\u2029]/;

/** Go's JSON is fit for HTML. */
function quotedText(text: string): string {
  const plain = JSON.stringify(text);
  if (!HTML.test(plain)) return plain;
  return plain.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
