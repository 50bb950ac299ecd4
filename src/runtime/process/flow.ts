/** Asynchronous flows, as Node's module for them tells them apart on every runtime. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Flow } from "../../platform/flow.ts";

const storage = new AsyncLocalStorage<unknown>();

export const flow: Flow = {
  get: () => storage.getStore(),
  run: (value, act, a, b) => storage.run(value, act, a, b),
  enter: (value) => storage.enterWith(value),
};
