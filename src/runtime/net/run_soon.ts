/** The turns of this machine's event loop, on each runtime in its own way. */
import type { RunSoon } from "../../platform/turns.ts";
import { immediately } from "../process/system.ts";
import { denoRunSoon } from "./deno_net.ts";

/** The machine's turns. */
export const runSoon: RunSoon = "Deno" in globalThis
  ? denoRunSoon
  : immediately;
