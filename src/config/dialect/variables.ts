/**
 * `$variables` of a configuration, as whole values and in texts. A name is
 * looked for in the enclosing maps, the innermost first, among the keys set so
 * far; then in the environment. The parser is the only caller.
 */
import type { Position, Report } from "./diagnostic.ts";
import { filled } from "./interpolation.ts";
import type { Item } from "./item.ts";
import { isSecretKey } from "../../core/redact.ts";
import type {
  ConfigEntry,
  ConfigMap,
  ConfigString,
  ConfigValue,
} from "./tree.ts";

/** An environment variable that stands for a value. */
export interface EnvironmentText {
  readonly name: string;
  readonly text: string;
  /** Where it is referred to. */
  readonly at: Position;
}

/** What variables are looked for in. */
export interface VariableSources {
  /** The maps around the current item, from the outermost. */
  readonly scopes: readonly ConfigMap[];
  /** The environment variables whose text is being read, from the outermost. */
  readonly expanding: readonly string[];
  readonly report: Report;
  env(name: string): string | undefined;
  /** Undefined has been reported. */
  read(text: EnvironmentText): ConfigValue | undefined;
}

/** The value of a variable as a text; without an entry it is the environment's. */
interface VariableText {
  readonly text: string;
  readonly entry?: ConfigEntry;
}

type TextItem = Extract<Item, { kind: "string" }> & { readonly isOpen?: true };

export class Variables {
  /** How many times something may have depended on the maps around it. */
  uses = 0;
  /** A variable that is a secret was put into a text of the current entry. */
  holdsSecret = false;
  readonly #sources: VariableSources;

  constructor(sources: VariableSources) {
    this.#sources = sources;
  }

  /** What `$name` stands for; undefined has been reported. */
  value(
    name: string,
    at: Position,
    isSecret: boolean,
  ): ConfigValue | undefined {
    this.uses++;
    const entry = this.#entry(name);
    if (entry === undefined) {
      return this.#compound(`$${name}`, at) ?? this.#environmentValue(name, at);
    }
    entry.isVariable = true;
    entry.isSecret ||= isSecret;
    return placedAt(at, entry.value);
  }

  /** A text, with the variables that are in it. That of a secret is what it is. */
  string({ value, at, isOpen }: TextItem, isSecret: boolean): ConfigString {
    const { expanding, report } = this.#sources;
    if (isOpen !== true || expanding.length > 0 || !value.includes("$")) {
      return { kind: "string", value, at };
    }
    if (isSecret) {
      this.#warnOfSecret(value, at);
      return { kind: "string", value, at };
    }
    this.uses++;
    const { text, missing } = filled(value, (name) => this.#use(name));
    if (missing > 0) {
      report.warn(
        at,
        "there is no such variable; the $ and the name behind it stay in the text",
      );
    }
    return { kind: "string", value: text, at };
  }

  #entry(name: string): ConfigEntry | undefined {
    return this.#sources.scopes
      .findLast((scope) => scope.entries.has(name))?.entries.get(name);
  }

  /** `$A.b$C` without quotes is a text if all its variables have values, and no name of a variable. */
  #compound(text: string, at: Position): ConfigString | undefined {
    const isName = /^\$\w+$/.test(text);
    if (isName || this.#sources.expanding.length > 0) return undefined;
    const made = filled(text, (name) => this.#use(name));
    if (made.places === 0 || made.missing > 0) return undefined;
    return { kind: "string", value: made.text, at };
  }

  #warnOfSecret(value: string, at: Position): void {
    const { places, missing } = filled(
      value,
      (name) => this.#textOf(name)?.text,
    );
    if (places === missing) return;
    this.#sources.report.warn(
      at,
      "a secret is the text itself, not a variable that is in it; " +
        "$NAME alone, without quotes, is the variable",
    );
  }

  /** The value of a variable in a text, which is used now. */
  #use(name: string): string | undefined {
    const found = this.#textOf(name);
    if (found?.entry !== undefined) found.entry.isVariable = true;
    this.holdsSecret ||= found?.entry?.isSecret ?? isSecretKey(name);
    return found?.text;
  }

  /** What a variable has for the middle of a text: nothing that is a list or a map. */
  #textOf(name: string): VariableText | undefined {
    const entry = this.#entry(name);
    if (entry === undefined) {
      const text = attempt(() => this.#sources.env(name));
      const isThere = typeof text === "string" && text.trim() !== "";
      return isThere ? { text } : undefined;
    }
    const { value } = entry;
    const isText = value.kind !== "map" && value.kind !== "array" &&
      value.kind !== "date";
    return isText ? { text: String(value.value), entry } : undefined;
  }

  #environmentValue(name: string, at: Position): ConfigValue | undefined {
    const { report, expanding } = this.#sources;
    if (expanding.includes(name)) {
      report.error(at, `variable reference cycle for '${name}'`);
      return undefined;
    }
    const text = attempt(() => this.#sources.env(name));
    if (text instanceof Error) {
      report.error(at, text.message);
      return undefined;
    }
    if (text !== undefined && text.trim() !== "") {
      return this.#sources.read({ name, text, at });
    }
    // The text of a variable may be a password, so it is not quoted.
    const what = expanding.length > 0
      ? `in '${expanding.at(-1)}'`
      : `for '${name}'`;
    report.error(
      at,
      `variable reference ${what} on line ${at.line} can not be found`,
    );
    return undefined;
  }
}

/** A value as it stands at another place. */
function placedAt(at: Position, value: ConfigValue): ConfigValue {
  return value.kind === "map"
    ? { kind: "map", entries: value.entries, at }
    : { ...value, at };
}

/** What the world gives, or why it does not. */
export function attempt<T>(ask: () => T): T | Error {
  try {
    return ask();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
