/**
 * `/leafz` and `/gatewayz`: what nats-server tells of leaf nodes and gateways
 * when it has none. Tools that ask for every page get what they can read.
 */
import { boolParam } from "../http/go_params.ts";
import { pageHead } from "./fields.ts";
import type { Page } from "./page.ts";
import { subsParam } from "./query.ts";

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
