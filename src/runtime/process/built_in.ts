/**
 * Modules of the runtime that are asked for by name when they are needed: not
 * every Node has them, and a program in one file imports nothing later.
 */
import process from "node:process";

/** The module `name`, such as `node:v8`. Throws where the runtime has none. */
export function builtInModule<Module>(name: string): Module {
  const { getBuiltinModule } = process as {
    getBuiltinModule?: (name: string) => unknown;
  };
  const module = getBuiltinModule?.(name);
  if (module === undefined) throw new Error(`This runtime has no ${name}`);
  return module as Module;
}
