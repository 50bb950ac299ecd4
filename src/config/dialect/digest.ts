/**
 * A configuration in one line of JSON, as nats-server makes its digest of it:
 * keys in order, values as they were read, without the variables that others
 * refer to.
 */
import type { ConfigMap, ConfigValue } from "./tree.ts";
import type { Steps } from "../../core/steps.ts";

/** Maps and lists that take as long as a step. */
const VALUES_PER_STEP = 512;

export function* digestedText(root: ConfigMap): Steps<string> {
  return `${yield* textOf(root, { values: 0 })}\n`;
}

function* textOf(
  value: ConfigValue,
  count: { values: number },
): Steps<string> {
  switch (value.kind) {
    case "map":
    case "array":
      if (++count.values % VALUES_PER_STEP === 0) yield;
      return value.kind === "map"
        ? yield* mapText(value, count)
        : `[${(yield* textsOf(value.items, count)).join()}]`;
    default:
      return scalarText(value);
  }
}

function* textsOf(
  values: readonly ConfigValue[],
  count: { values: number },
): Steps<string[]> {
  const texts: string[] = [];
  for (const value of values) {
    texts.push(
      isScalar(value) ? scalarText(value) : yield* textOf(value, count),
    );
  }
  return texts;
}

function* mapText(
  { entries }: ConfigMap,
  count: { values: number },
): Steps<string> {
  const told = [...entries.values()]
    .filter(({ isVariable }) => !isVariable)
    .sort((one, other) => one.key < other.key ? -1 : 1);
  const texts = yield* textsOf(told.map(({ value }) => value), count);
  const fields = told.map(({ key }, at) => `${quotedText(key)}:${texts[at]}`);
  return `{${fields.join()}}`;
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
