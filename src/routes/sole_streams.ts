/**
 * A cluster has streams on one server: two that answer the same requests would
 * each know half of the streams, whatever their domains. The one that had them
 * first keeps them, and a nats-server, whose streams may have replicas, goes
 * before any other.
 */
import type { ServerInfo } from "../wire/info.ts";

/** A server with streams. */
interface StreamServer {
  readonly id: string;
  /** Since when, in wall-clock milliseconds. */
  readonly since: number;
}

/** What a server of the cluster says of its streams. */
export type StreamPeer = Pick<
  ServerInfo,
  "server_id" | "server_name" | "jetstream" | "jetstream_since"
>;

/** Whether the server that says this of itself has streams in place of `own`. */
export function goesBefore(
  { server_id: id, jetstream, jetstream_since: since = 0 }: StreamPeer,
  own: StreamServer,
): boolean {
  if (id === own.id || jetstream !== true) return false;
  return since === own.since ? id < own.id : since < own.since;
}

/** What the log says of it. */
export function offBecauseOf({ server_name, server_id }: StreamPeer): string {
  return `JetStream is off: server "${server_name}" (${server_id}) of this ` +
    "cluster has it already, and clients of this server use that one's";
}
