/** The statuses that changes of a pool come to. */
import type { Origin } from "../api/servers.ts";
import type { StatusSink } from "../api/status.ts";
import { hasChanged, type PoolChange } from "./pool.ts";

/** What the cluster said of its servers. */
export function tellUpdate(
  statuses: StatusSink,
  change: PoolChange,
): void {
  if (!hasChanged(change)) return;
  const { added, deleted } = change;
  statuses.tell({
    type: "update",
    ...(added.length > 0 && { added }),
    ...(deleted.length > 0 && { deleted }),
  });
}

/** What `source` named, or names no more. */
export function tellServers(
  statuses: StatusSink,
  change: PoolChange,
  source: Origin,
): void {
  if (!hasChanged(change)) return;
  const { added, deleted } = change;
  statuses.tell({ type: "servers", added, removed: deleted, source });
}
