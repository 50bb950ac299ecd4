/** What WebSockets ask of the machine. */
import type { SlabPool } from "../core/slab_pool.ts";
import type { Clock } from "../platform/clock.ts";
import type { Deflate } from "../platform/deflate.ts";
import type { Sha1 } from "../platform/signatures.ts";
import type { RunSoon } from "../platform/turns.ts";

export interface WebSocketHost {
  readonly clock: Clock;
  readonly runSoon: RunSoon;
  readonly deflate: Deflate;
  readonly sha1: Sha1;
  /** Where frames are put together. */
  readonly slabs: SlabPool;
}
