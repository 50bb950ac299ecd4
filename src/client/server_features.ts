/** What a server can do, by the version that it says it is. */
import { InvalidOperationError } from "../core/errors.ts";
import type { ServerFeatures } from "./api/features.ts";
import { newFeatures } from "./api/nats_core.ts";
import { parseSemVer } from "./semver.ts";

const NO_VERSION = { major: 0, minor: 0, micro: 0 } as const;

export class KnownFeatures {
  #features: ReturnType<typeof newFeatures> = undefined;
  #version = "";

  /** Those of this version; of a text that is no version, none. */
  of(version: string): ServerFeatures {
    this.#features ??= newFeatures();
    if (this.#features === undefined) {
      throw new InvalidOperationError("@nats-io/nats-core is not loaded");
    }
    if (version !== this.#version) {
      this.#version = version;
      this.#features.update({ ...NO_VERSION, ...parseSemVer(version) });
    }
    return this.#features;
  }
}
