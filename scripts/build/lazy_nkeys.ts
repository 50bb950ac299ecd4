/**
 * What the single file and the binaries have in the place of the package of
 * keys: that package, evaluated when the first key is used, and not at each start.
 */
import type { KeyPair } from "../../src/core/nkeys.ts";

type Nkeys = Readonly<
  Record<"fromSeed" | "fromCurveSeed", (seed: Uint8Array) => KeyPair>
>;

/** esbuild makes it a call of what is in the bundle. */
declare const require: (path: string) => unknown;

const load = (): Nkeys =>
  require("../../node_modules/@nats-io/nkeys/lib/mod.js") as Nkeys;

export const fromSeed: Nkeys["fromSeed"] = (seed) => load().fromSeed(seed);

export const fromCurveSeed: Nkeys["fromCurveSeed"] = (seed) =>
  load().fromCurveSeed(seed);
