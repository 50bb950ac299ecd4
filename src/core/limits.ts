/**
 * Numbers that more than one room needs, with their units in the names: what
 * the protocol and the timing of connections are bound to, and defaults that
 * hold without a configuration too. The default of a key stands in its row in
 * `config/keys`. The values are those of nats-server 2.9 and later; the last
 * ones, of discovery, are Midge's own.
 */

export const CLIENT_PORT = 4222;
export const ANY_HOST = "0.0.0.0";

/** Routes carry queue lists and account names, so their lines may be longer. */
export const ROUTE_CONTROL_LINE_FACTOR = 16;
export const MAX_CONNECTIONS = 65536;
/** Digits of a size or a count on a control line. */
export const MAX_NUMBER_DIGITS = 9;

export const AUTH_TIMEOUT_MS = 2000;
/** For a TLS handshake. */
export const TLS_TIMEOUT_MS = 2000;
export const PING_INTERVAL_MS = 120_000;
export const PING_OUTSTANDING_MAX = 2;
/** The first PING comes early: it measures the round trip. */
export const FIRST_CLIENT_PING_MS = 2000;
export const FIRST_ROUTE_PING_MS = 1000;
/** Routes are pinged at least this often. */
export const ROUTE_PING_INTERVAL_MAX_MS = 30_000;
/** A first PING is late by up to this part of its delay, so that a herd spreads out. */
export const FIRST_PING_JITTER = 0.2;
/** A round trip older than this is measured anew. */
export const RTT_MAX_AGE_MS = 3_600_000;

export const ROUTE_DIAL_TIMEOUT_MS = 1000;
export const ROUTE_RETRY_MS = 1000;
export const ROUTE_RETRY_MAX_MS = 30_000;
export const ROUTE_RECONNECT_JITTER_MS = 100;

/** In lame duck mode no two clients are told to leave further apart than this. */
export const LAME_DUCK_SPACING_MAX_MS = 1000;

/** Above this part of `max_pending`, the producers that feed a peer are paused. */
export const STALL_FRACTION = 0.75;

/**
 * And above this, however much it may leave unread: what waits is the largest
 * part of the server's memory, and more of it makes nobody faster.
 */
export const STALL_MAX_BYTES = 16_777_216;

export const REGISTRY_PORT = 4280;
/** How long a node stays known after its last announcement. */
export const ANNOUNCEMENT_TTL_MS = 15_000;
export const ANNOUNCEMENT_TTL_MIN_MS = 1000;
export const ANNOUNCEMENT_TTL_MAX_MS = 3_600_000;
