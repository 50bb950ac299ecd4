/** The types and defaults of `src/options` are those of the rows. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { optionFiles, OPTIONS_FOLDER } from "../../scripts/make_options.ts";
import {
  AUTHORIZATION_BLOCK,
} from "../../src/config/keys/authorization_keys.ts";
import { CLUSTER_BLOCK } from "../../src/config/keys/cluster_keys.ts";
import { defaultsOf } from "../../src/config/keys/defaults.ts";
import { DISCOVERY_BLOCK } from "../../src/config/keys/discovery_keys.ts";
import { REGISTRY_BLOCK } from "../../src/config/keys/registry_keys.ts";
import { SERVER_BLOCK } from "../../src/config/keys/server_keys.ts";
import {
  defaultAuthorizationOptions,
  defaultClusterOptions,
  defaultDiscoveryOptions,
  defaultRegistryOptions,
  defaultServerOptions,
} from "../../src/options/options.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

test("the files of src/options are what scripts/make_options.ts makes", () => {
  for (const [name, text] of optionFiles()) {
    const path = join(PROJECT_FOLDER, OPTIONS_FOLDER, name);
    const message = `${name}: run scripts/make_options.ts`;
    assert.equal(readFileSync(path, "utf8"), text, message);
  }
});

test("the defaults of the rows are those of the room", () => {
  const pairs = [
    [defaultsOf(SERVER_BLOCK), defaultServerOptions()],
    [defaultsOf(AUTHORIZATION_BLOCK), defaultAuthorizationOptions()],
    [defaultsOf(CLUSTER_BLOCK), defaultClusterOptions()],
    [defaultsOf(DISCOVERY_BLOCK), defaultDiscoveryOptions()],
    [defaultsOf(REGISTRY_BLOCK), defaultRegistryOptions()],
  ];
  for (const [ofRows, ofRoom] of pairs) assert.deepEqual(ofRows, ofRoom);
});

test("defaults are fresh each time, their lists included", () => {
  defaultServerOptions().serverTags.push("a");
  defaultsOf(SERVER_BLOCK).serverTags.push("a");
  assert.deepEqual(defaultServerOptions().serverTags, []);
  assert.deepEqual(defaultsOf(SERVER_BLOCK).serverTags, []);
});
