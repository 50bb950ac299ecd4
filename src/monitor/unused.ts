/**
 * `/leafz`, `/gatewayz` and `/jsz`: what nats-server tells of leaf nodes,
 * gateways and JetStream when it has none. Tools that ask for every page get
 * what they can read.
 */
import { boolParam, intParam } from "../http/go_params.ts";
import { pageHead } from "./fields.ts";
import type { Page } from "./page.ts";
import { subsParam } from "./query.ts";

const JSZ_FLAGS: readonly string[] = [
  "accounts",
  "streams",
  "consumers",
  "direct-consumers",
  "config",
  "leader-only",
  "raft",
  "stream-leader-only",
];

export const leafz: Page<boolean, never, object> = {
  read: (params) => boolParam(params, "subs"),
  wants: () => ({}),
  show: (snapshot) => ({ ...pageHead(snapshot), leafnodes: 0, leafs: [] }),
};

export const gatewayz: Page<void, never, object> = {
  read(params) {
    subsParam(params);
    boolParam(params, "accs");
  },
  wants: () => ({}),
  show: (snapshot) => ({
    ...pageHead(snapshot),
    outbound_gateways: {},
    inbound_gateways: {},
  }),
};

export const jsz: Page<void, never, object> = {
  read(params) {
    for (const name of JSZ_FLAGS) boolParam(params, name);
    intParam(params, "offset");
    intParam(params, "limit");
  },
  wants: () => ({}),
  show: (snapshot) => ({
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: 0, errors: 0 },
    ...pageHead(snapshot),
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
    total: 0,
  }),
};
