/** Tells of servers that are not used, of each only once. */
import type { SkipReason } from "../api/servers.ts";
import type { StatusSink } from "../api/status.ts";
import type { PoolServer } from "./pool_server.ts";

/** Servers that were skipped are told of once, as far as this many are remembered. */
const SKIPS_REMEMBERED = 1024;

export class Skips {
  readonly #statuses: StatusSink;
  readonly #told = new Set<string>();

  constructor(statuses: StatusSink) {
    this.#statuses = statuses;
  }

  tell({ listen: server, origins }: PoolServer, reason: SkipReason): void {
    const key = `${reason} ${server}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= SKIPS_REMEMBERED) this.#told.clear();
    this.#told.add(key);
    const [source = "static"] = origins;
    this.#statuses.tell({ type: "serverSkipped", server, source, reason });
  }
}
