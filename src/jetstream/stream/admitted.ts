/** A message that was checked, with what its publisher asked. */
import type { Schedule } from "../schedule/schedule.ts";
import type { StoredMessage } from "../store/stream_store.ts";

/** Which messages go when another is stored. */
export type Rollup = "none" | "sub" | "all";

/** A message as it is stored. */
export interface KeptMessage {
  readonly message: StoredMessage;
  /** Bytes that it counts. */
  readonly size: number;
  readonly rollup: Rollup;
  /** Microseconds that it stays; undefined: as long as the limits say. */
  readonly lifetimeUs: number | undefined;
  /** When it is published; undefined: it is no schedule. */
  readonly schedule?: Schedule | undefined;
  /** The subject of the schedule whose place it takes. */
  readonly ends?: string | undefined;
}

export interface Admitted {
  readonly kept: KeptMessage;
  /** By which a repetition is known. */
  readonly id: string | undefined;
  /** What a counter has come to. */
  readonly value: string | undefined;
}
