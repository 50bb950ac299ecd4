/**
 * Modules of the runtime that are asked for by name when they are needed: not
 * every Node has them, a program in one file imports nothing later, and most
 * servers never need what takes long to load. An `import` of `node:http` costs
 * Node 25 ms of its start, since it evaluates all that the module exports, a
 * client for WebSockets among it; asked for here it costs 2 ms.
 */
// By name, webpack would want to know at once what is required.
import modules from "node:module";
import process from "node:process";

/** The module `name`, such as `node:v8`. Throws where the runtime has none. */
export function builtInModule<Module>(name: string): Module {
  const { getBuiltinModule = requireModule } = process as {
    getBuiltinModule?: (name: string) => unknown;
  };
  const module = getBuiltinModule(name);
  if (module === undefined) throw new Error(`This runtime has no ${name}`);
  return module as Module;
}

/** For a Node older than 20.16. */
function requireModule(name: string): unknown {
  try {
    return modules.createRequire(process.execPath)(name);
  } catch {
    return undefined;
  }
}
