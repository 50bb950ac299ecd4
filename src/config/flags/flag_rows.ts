/**
 * Rows of the table of flags: what a row is, and how one is made of the names
 * of a flag, its explanation, and what it does to the options.
 */
import type { FlagDefinition, FlagValue } from "./flags.ts";
import type { ServerOptions } from "../../options/options.ts";

/** Where help shows a flag. */
export type FlagSection =
  | "Server"
  | "Logging"
  | "Authorization"
  | "Cluster"
  | "Discovery"
  | "Common"
  | "Not supported yet";

/** A flag of the server, and the option that it sets. */
export interface ServerFlag extends FlagDefinition {
  readonly section: FlagSection;
  /** Sets its option; throws FlagError when the value makes no sense. */
  apply(options: ServerOptions, value: FlagValue): void;
}

type Names = readonly [string, ...string[]];

/** For a flag that sets no option. */
export const nothing = (): void => {};

/** A flag with a text. */
export function text(
  section: FlagSection,
  names: Names,
  value: string,
  doc: string,
  set: (options: ServerOptions, text: string) => void = nothing,
): ServerFlag {
  return {
    section,
    names,
    type: "string",
    value,
    doc,
    apply: (options, value) => set(options, String(value)),
  };
}

/** A flag with a whole number. */
export function number(
  section: FlagSection,
  names: Names,
  value: string,
  doc: string,
  set: (options: ServerOptions, number: number) => void,
): ServerFlag {
  return {
    section,
    names,
    type: "integer",
    value,
    doc,
    apply: (options, value) => set(options, Number(value)),
  };
}

/** A flag that is on or off. */
export function toggle(
  section: FlagSection,
  names: Names,
  doc: string,
  set: (options: ServerOptions, on: boolean) => void = nothing,
): ServerFlag {
  return {
    section,
    names,
    type: "boolean",
    doc,
    apply: (options, value) => set(options, value === true),
  };
}
