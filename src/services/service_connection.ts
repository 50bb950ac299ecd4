/** What services need of a connection: two of its roles, and to hear of its end. */
import type { NatsConnection } from "../client/connection.ts";

export type ServiceConnection = Pick<
  NatsConnection,
  "subscribe" | "requestMany" | "closed" | "isClosed"
>;
