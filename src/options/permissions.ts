/** What a user may do, and how it may connect. */

/**
 * Subjects that are allowed and denied; wildcards match as in subscriptions. No
 * `allow`: everything that is not denied. An entry for subscriptions may name a
 * queue group behind a blank, `"orders.* workers"`, and that may have wildcards.
 */
export interface SubjectRules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** Replies that a user may send to requests that it was sent, whatever its rules say. */
export interface ResponseRules {
  /** Messages for each reply subject; negative: no limit. */
  readonly maxMessages: number;
  /** How long after the request, in milliseconds; negative: for ever. */
  readonly expiresMs: number;
}

/** What a user may do. What is absent is allowed. */
export interface PermissionsOptions {
  readonly publish?: SubjectRules;
  readonly subscribe?: SubjectRules;
  readonly responses?: ResponseRules;
}

/** A kind of connection that a user may be limited to. */
export type ConnectionType =
  | "STANDARD"
  | "WEBSOCKET"
  | "LEAFNODE"
  | "LEAFNODE_WS"
  | "MQTT"
  | "MQTT_WS"
  | "IN_PROCESS";
