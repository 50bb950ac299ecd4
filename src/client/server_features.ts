/** What a server can do, by the version that it says it is. */
import type { ServerFeatures } from "./api/features.ts";
import { Features } from "./api/nats_core.ts";
import { parseSemVer } from "./semver.ts";

const NO_VERSION = { major: 0, minor: 0, micro: 0 } as const;

export class KnownFeatures {
  readonly #features = new Features({ ...NO_VERSION });
  #version = "";

  /** Those of this version; of a text that is no version, none. */
  of(version: string): ServerFeatures {
    if (version !== this.#version) {
      this.#version = version;
      this.#features.update({ ...NO_VERSION, ...parseSemVer(version) });
    }
    return this.#features;
  }
}
