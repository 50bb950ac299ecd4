/** What the fields of several pages have in common. */
import { timeText } from "./text.ts";
import type { SnapshotHead } from "./snapshot.ts";

/** What nearly every page begins with. */
export interface PageHead {
  server_id: string;
  now: string;
}

export function pageHead({ serverId, now, shiftMs }: SnapshotHead): PageHead {
  return { server_id: serverId, now: timeText(now + shiftMs) };
}

/** Undefined for an empty text, an empty list or 0: Go's `omitempty`. */
export function unlessEmpty<
  T extends string | number | { readonly length: number },
>(value: T): T | undefined {
  const size = typeof value === "number" ? value : value.length;
  return size === 0 ? undefined : value;
}
