/**
 * What a connection asks of the server that owns it, and the numbers that its
 * owner chooses for it.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { SlabPool } from "../../core/slab_pool.ts";
import type { Alarms } from "./alarms.ts";
import type { TraceLimits } from "./connection_log.ts";
import type { ConsumerLimits } from "./consumer_watch.ts";
import type { ServerCounters } from "./counters.ts";
import type { Feeding } from "./feeder.ts";
import type { KeepAliveSettings } from "./keep_alive.ts";
import type { PendingTotal } from "./pending_total.ts";
import type { Turn } from "./turn.ts";

export interface ConnectionHost extends TraceLimits {
  readonly clock: Clock;
  /** Of all connections, on that clock. */
  readonly alarms: Alarms;
  readonly random: Random;
  readonly log: Logger;
  readonly slabs: SlabPool;
  readonly counters: ServerCounters;
  readonly pending: PendingTotal;
  readonly turn: Turn<Feeding>;
  /** Unique among all connections of the server, growing. */
  nextConnectionId(): number;
}

/** The numbers in which clients and routes differ. */
export interface ConnectionSettings extends ConsumerLimits, KeepAliveSettings {
  readonly maxControlLineBytes: number;
}
