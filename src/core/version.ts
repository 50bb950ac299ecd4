/** Versions: Midge's own, and those that it claims on the wire. */

/** Midge's version; the same as in package.json and deno.json. */
export const MIDGE_VERSION = "0.1.0";

/** The nats-server release that Midge answers like, as told in INFO. */
export const NATS_VERSION = "2.15.3";

/** The level of JetStream's API, as told in INFO. */
export const API_LEVEL = 5;

/** Client protocol: 1 means that the server sends INFO whenever the cluster changes. */
export const CLIENT_PROTOCOL = 1;

/** Route protocol: 2 means RS+, RS- and RMSG with account names, 3 traces of messages as well. */
export const ROUTE_PROTOCOL = 3;

/** The first route protocol with traces. */
export const TRACE_PROTOCOL = 3;

/** NATS: in a server's word about itself, that it has streams, and what belongs to that. */
export const STREAM_FLAGS = 7;
