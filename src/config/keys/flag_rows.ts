/**
 * Flags that do more than set the field of their key: a text, a number or a
 * switch, and what it does to the options.
 */
import type { FlagSection, KeyFlag, Names } from "./schema.ts";
import type { ServerOptions } from "../../options/options.ts";

/** A flag with a text. */
export function text(
  section: FlagSection,
  names: Names,
  value: string,
  set: (options: ServerOptions, text: string) => void,
): KeyFlag {
  return {
    section,
    names,
    type: "string",
    value,
    apply: (options, value) => set(options, String(value)),
  };
}

/** A flag that is on or off. */
export function toggle(
  section: FlagSection,
  names: Names,
  set: (options: ServerOptions, on: boolean) => void,
): KeyFlag {
  return {
    section,
    names,
    type: "boolean",
    apply: (options, value) => set(options, value === true),
  };
}

/** A flag with a whole number. */
export function number(
  section: FlagSection,
  names: Names,
  value: string,
  set: (options: ServerOptions, number: number) => void,
): KeyFlag {
  return {
    section,
    names,
    type: "integer",
    value,
    apply: (options, value) => set(options, Number(value)),
  };
}
