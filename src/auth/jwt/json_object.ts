/**
 * The JSON of a JWT, read as Go reads it into its types: what is absent, or
 * `null`, is nothing, unknown fields are ignored, and a value of another type
 * makes the whole unreadable.
 */
import { MidgeError } from "../../core/errors.ts";

/** What is wrong with a JWT; the message is nats-server's where it has one. */
export class JwtError extends MidgeError {
  override readonly name = "JwtError";

  constructor(message: string) {
    super("JWT", message);
  }
}

/** Go's: what is larger cannot be read. */
const INTEGER_MAX = 2 ** 63;

export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #place: string;

  constructor(fields: object, place: string) {
    this.#fields = fields as Readonly<Record<string, unknown>>;
    this.#place = place;
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  text(name: string): string {
    const value = this.#value(name) ?? "";
    if (typeof value !== "string") throw this.#wrong(name, "string");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#value(name) ?? false;
    if (typeof value !== "boolean") throw this.#wrong(name, "bool");
    return value;
  }

  /** A whole number; `absent` where there is none. */
  integer(name: string, absent: number = 0): number {
    const value = this.#value(name) ?? absent;
    const isOne = typeof value === "number" && Number.isInteger(value) &&
      Math.abs(value) <= INTEGER_MAX;
    if (!isOne) {
      throw this.#wrong(name, "int");
    }
    return value;
  }

  /** Undefined where there is no list, which is not the same as an empty one. */
  texts(name: string): string[] | undefined {
    return this.#list(name)?.map((item) => {
      if (item === null) return "";
      if (typeof item !== "string") throw this.#wrong(name, "list of strings");
      return item;
    });
  }

  /** An empty object where there is none. */
  object(name: string): JsonObject {
    return this.#object(this.#value(name) ?? {}, name);
  }

  /** The objects of a list; undefined for each `null` in it. */
  objects(name: string): (JsonObject | undefined)[] {
    return (this.#list(name) ?? []).map((item) =>
      item === null ? undefined : this.#object(item, name)
    );
  }

  /** A list of texts and objects. */
  mixed(name: string): (string | JsonObject)[] {
    const mixed: (string | JsonObject)[] = [];
    for (const item of this.#list(name) ?? []) {
      if (typeof item === "string") mixed.push(item);
      else if (isObject(item)) mixed.push(this.#object(item, name));
    }
    return mixed;
  }

  /** Whole numbers by name. */
  numbers(name: string): Map<string, number> {
    const numbers = this.object(name);
    return new Map(numbers.names().map((key) => [key, numbers.integer(key)]));
  }

  names(): string[] {
    return Object.keys(this.#fields);
  }

  /** As it came. */
  plain(): Readonly<Record<string, unknown>> {
    return this.#fields;
  }

  #list(name: string): unknown[] | undefined {
    const value = this.#value(name);
    if (value !== undefined && !Array.isArray(value)) {
      throw this.#wrong(name, "list");
    }
    return value;
  }

  #object(value: unknown, name: string): JsonObject {
    if (!isObject(value)) throw this.#wrong(name, "object");
    return new JsonObject(value, `${this.#place}.${name}`);
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#fields, name)
      ? this.#fields[name] ?? undefined
      : undefined;
  }

  #wrong(name: string, type: string): JwtError {
    return new JwtError(`json: ${this.#place}.${name} is no ${type}`);
  }
}

/** Reads an object; what the runtimes say of bad JSON quotes it, and is left out. */
export function readJsonObject(text: string, place: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Also where it is nested too deeply to be read.
    throw new JwtError(`json: ${place} is not JSON`);
  }
  if (value !== null && !isObject(value)) {
    throw new JwtError(`json: ${place} is no object`);
  }
  return new JsonObject(value ?? {}, place);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
