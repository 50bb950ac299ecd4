/**
 * Flags whose values may be secrets. All programs of a machine can read what
 * stands on a command line, so in their place may stand where the secret is:
 * `$NAME` for a variable of the environment, `file:PATH` for a file.
 */
import type { GivenFlags } from "./argv.ts";
import type { ConfigWorld } from "./dialect/world.ts";
import { FlagError, type FlagValue } from "./flags/flags.ts";

// A bcrypt hash begins with a $, too, but not as a name does.
const VARIABLE = /^\$([A-Za-z_]\w*)$/;
const FILE = /^file:(.+)$/s;

/** `flags` with their secrets in place. Throws FlagError where one is missing. */
export function withSecrets(
  flags: GivenFlags,
  world: ConfigWorld,
): GivenFlags {
  return new Map(
    [...flags].map(([flag, value]) => [
      flag,
      flag.isSecret === true ? secretFor(flag.names[0], value, world) : value,
    ]),
  );
}

function secretFor(
  name: string,
  value: FlagValue,
  world: ConfigWorld,
): FlagValue {
  const [, variable] = VARIABLE.exec(String(value)) ?? [];
  if (variable !== undefined) {
    const text = attempt(name, () => world.env(variable));
    if (text !== undefined && text !== "") return text;
    throw new FlagError(`-${name}: the variable ${variable} is not set`);
  }
  const [, path] = FILE.exec(String(value)) ?? [];
  if (path === undefined) return value;
  const text = attempt(name, () => world.readFile(path)).trim();
  if (text !== "") return text;
  throw new FlagError(`-${name}: the file ${path} is empty`);
}

function attempt<T>(name: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FlagError(`-${name}: ${why}`);
  }
}
