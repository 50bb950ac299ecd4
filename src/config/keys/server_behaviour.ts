/** Keys of the top level: what else can be set, and the blocks. */
import type { ServerOptions } from "../../options/options.ts";
import {
  JETSTREAM_BLOCK,
  JETSTREAM_FLAGS,
  readJetStream,
} from "./jetstream_keys.ts";
import { CLUSTER_BLOCK, readCluster } from "./cluster_keys.ts";
import { DISCOVERY_BLOCK, readDiscovery } from "./discovery_keys.ts";
import { boolean, integer, string, strings, unlessZero } from "./readers.ts";
import { readRegistry, REGISTRY_BLOCK } from "./registry_keys.ts";
import { rowsOf } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";
import { readWebSocket, WEBSOCKET_BLOCK } from "./websocket_keys.ts";

const rows = rowsOf<ServerOptions>((options) => options);

/** What has no other place. */
export const BEHAVIOUR_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["no_header_support"],
    field: "noHeaderSupport",
    reader: boolean,
    default: false,
    text: "Refuse messages with headers.",
    reload: "restart",
  }),
  rows.option({
    names: ["no_fast_producer_stall"],
    field: "noFastProducerStall",
    reader: boolean,
    default: false,
    text: "Do not slow down publishers for a slow subscriber.",
    reloaded: (isOff: boolean) =>
      `Reloaded: fast producers will ${isOff ? "not " : ""}be stalled`,
    reload: "now",
  }),
  rows.option({
    names: ["disable_sublist_cache", "no_sublist_cache"],
    field: "disableSublistCache",
    reader: boolean,
    default: false,
    text: "Look subscriptions up anew for each message.",
    goField: "NoSublistCache",
    reload: "restart",
  }),
  rows.option({
    names: ["connect_error_reports"],
    field: "connectErrorReports",
    reader: unlessZero(integer(0)),
    default: 3600,
    text: "Attempts at a failing route for each line that the log has of it.",
    reload: "now",
  }),
  rows.option({
    names: ["reconnect_error_reports"],
    field: "reconnectErrorReports",
    reader: unlessZero(integer(0)),
    default: 1,
    text: "The same for a route that was up before.",
    reload: "now",
  }),
  rows.option({
    names: ["strict"],
    field: "strict",
    reader: boolean,
    default: false,
    text: "Refuse a configuration that asks for what Midge has not.",
    reloaded: "",
    reload: "now",
  }),
  rows.option({
    names: ["server_tags"],
    field: "serverTags",
    reader: strings,
    default: [],
    text: "Labels that monitoring shows.",
    reloaded: "Reloaded: tags",
    reload: "now",
  }),
];

/** The blocks. */
export const BLOCK_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.block({
    names: ["websocket", "ws"],
    field: "websocket",
    block: WEBSOCKET_BLOCK,
    read: readWebSocket,
    text: "A port for clients that speak through WebSockets.",
    reload: "now",
  }),
  rows.block({
    names: ["cluster"],
    field: "cluster",
    block: CLUSTER_BLOCK,
    read: readCluster,
    text: "The routes between the nodes of a cluster.",
    reloaded: "Reloaded: cluster",
    reload: "now",
  }),
  rows.block({
    names: ["discovery"],
    field: "discovery",
    block: DISCOVERY_BLOCK,
    read: readDiscovery,
    text: "Where this node announces itself, and looks for others.",
    reload: "now",
  }),
  rows.block({
    names: ["jetstream"],
    field: "jetstream",
    block: JETSTREAM_BLOCK,
    written: 'boolean | "enabled" | "disabled" | JetStreamConfig',
    read: readJetStream,
    text: "Keep messages in streams.",
    comesAndGoes: true,
    reloaded: "Reloaded: JetStream",
    reload: "now",
  }),
  rows.option({
    names: ["store_dir", "storedir"],
    field: "storeDir",
    reader: string,
    default: "",
    text: "The folder of streams, where `jetstream` names none.",
    flags: JETSTREAM_FLAGS,
    reload: "restart",
  }),
  rows.block({
    names: ["registry"],
    field: "registry",
    block: REGISTRY_BLOCK,
    read: readRegistry,
    text: "Serve a registry of nodes.",
    reload: "now",
  }),
];
