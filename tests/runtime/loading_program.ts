/** Loads all of Midge, prints each error that was made meanwhile, and then `loaded`. */
import process from "node:process";

const Plain = globalThis.Error;

class Counted extends Plain {
  constructor(...given: ConstructorParameters<ErrorConstructor>) {
    super(...given);
    console.log(`made: ${this.stack}`);
  }
}

globalThis.Error = Counted as ErrorConstructor;
await import("../../mod.ts");
await import("../../src/commands/midge.ts");
globalThis.Error = Plain;
console.log("loaded");
process.exit();
