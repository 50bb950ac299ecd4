/**
 * A cluster has streams of one domain on one server: two that answer the same
 * requests would each know half of the streams. The one that had them first keeps
 * them, and a nats-server, whose streams may have replicas, goes before any other.
 * Servers of other domains have streams of their own beside it.
 */
import type { ServerInfo } from "../wire/info.ts";

/** A server with streams. */
interface StreamServer {
  readonly id: string;
  /** Since when, in wall-clock milliseconds. */
  readonly since: number;
  /** Empty: none. */
  readonly domain: string;
}

/** What a server of the cluster says of its streams. */
export type StreamPeer = Pick<
  ServerInfo,
  "server_id" | "server_name" | "jetstream" | "jetstream_since" | "domain"
>;

/** Whether the server that says this of itself is a nats-server with streams. */
export function isReplicated(peer: StreamPeer): boolean {
  return peer.jetstream === true && peer.jetstream_since === undefined;
}

/** Whether the server that says this of itself has streams for longer than `own`. */
export function goesBefore(
  { server_id: id, jetstream, jetstream_since: since = 0 }: StreamPeer,
  own: Omit<StreamServer, "domain">,
): boolean {
  if (id === own.id || jetstream !== true) return false;
  return since === own.since ? id < own.id : since < own.since;
}

/**
 * Whether the server that says this of itself has streams in place of `own`. Clients
 * of a nats-server hear all that answers requests without a domain.
 */
export function takesPlaceOf(peer: StreamPeer, own: StreamServer): boolean {
  if (!goesBefore(peer, own)) return false;
  const { domain = "" } = peer;
  return domain === own.domain || (own.domain === "" && isReplicated(peer));
}

/** What the log says of it. */
export function offBecauseOf({ server_name, server_id }: StreamPeer): string {
  return `JetStream is off: server "${server_name}" (${server_id}) of this ` +
    "cluster has it already, and clients of this server use that one's";
}

/** What the log says of another server whose streams are of another domain than `own`. */
export function besides(
  { server_name, server_id, domain = "" }: StreamPeer,
  own: string,
): string {
  return `JetStream using domains: local "${own}", server "${server_name}" ` +
    `(${server_id}) "${domain}"`;
}

/** What it says where `own`, or the other one, has no domain to be asked by. */
export function unreachable(peer: StreamPeer, own: string): string | undefined {
  const { server_name, domain = "" } = peer;
  if (own !== "" && domain !== "") return undefined;
  const [from, to] = own === ""
    ? [`server "${server_name}"`, "this server"]
    : ["this server", `server "${server_name}"`];
  return `JetStream of ${to} has no domain: clients of ${from} cannot reach it`;
}
