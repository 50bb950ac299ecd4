/**
 * Why the broker ended a connection. The texts are what monitoring and the log
 * print, and are those of nats-server. What the transport saw is a different
 * thing: `CloseReason` in `platform/socket.ts`;
 * `broker/connections/connection.ts` maps it here.
 */

/** The reasons by name; each is the text that is printed. */
export const ClosedReason = {
  CLIENT_CLOSED: "Client Closed",
  AUTHENTICATION_TIMEOUT: "Authentication Timeout",
  AUTHENTICATION_FAILURE: "Authentication Failure",
  AUTHENTICATION_EXPIRED: "Authentication Expired",
  CREDENTIALS_REVOKED: "Credentials Revoked",
  TLS_HANDSHAKE_FAILURE: "TLS Handshake Failure",
  SLOW_CONSUMER_PENDING: "Slow Consumer (Pending Bytes)",
  SLOW_CONSUMER_DEADLINE: "Slow Consumer (Write Deadline)",
  WRITE_ERROR: "Write Error",
  READ_ERROR: "Read Error",
  PARSE_ERROR: "Parse Error",
  STALE_CONNECTION: "Stale Connection",
  PROTOCOL_VIOLATION: "Protocol Violation",
  BAD_CLIENT_PROTOCOL: "Bad Client Protocol Version",
  INCORRECT_PORT: "Incorrect Port",
  MAX_CONNECTIONS: "Maximum Connections Exceeded",
  MAX_ACCOUNT_CONNECTIONS: "Maximum Account Connections Exceeded",
  MAX_PAYLOAD: "Maximum Message Payload Exceeded",
  MAX_CONTROL_LINE: "Maximum Control Line Exceeded",
  MAX_SUBSCRIPTIONS: "Maximum Subscriptions Exceeded",
  DUPLICATE_ROUTE: "Duplicate Route",
  ROUTE_REMOVED: "Route Removed",
  SERVER_SHUTDOWN: "Server Shutdown",
  MISSING_ACCOUNT: "Missing Account",
  INTERNAL: "Internal Client",
  HEADER_VIOLATION: "Message Header Violation",
  NO_RESPONDERS_NEED_HEADERS: "No Responders Requires Headers",
  CLUSTER_NAME_CONFLICT: "Cluster Name Conflict",
  DUPLICATE_SERVER_NAME: "Duplicate Server Name",
  KICKED: "Kicked",
  PROXY_NOT_TRUSTED: "Proxy Not Trusted",
  PROXY_REQUIRED: "Proxy Required",
} as const;

/** One of the texts in `ClosedReason`. */
export type ClosedReason = typeof ClosedReason[keyof typeof ClosedReason];
