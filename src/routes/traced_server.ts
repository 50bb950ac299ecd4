/** A server of the cluster as the trace of a message tells of it. */
import type { TracedServer } from "../accounts/interest.ts";
import type { Connection } from "../broker/connections/connection.ts";
import { TRACE_PROTOCOL } from "../core/version.ts";
import type { Member } from "./member.ts";

export function tracedServer(
  { facts }: Connection,
  { info }: Member,
): TracedServer {
  return {
    cid: facts.id,
    name: info?.server_name ?? "",
    takesTraces: (info?.proto ?? 0) >= TRACE_PROTOCOL,
  };
}
