/** A turn of the event loop, for clocks that move only when all is done. */
import { setImmediate } from "./timers.ts";

/** Resolves in a later turn: by then every settled promise has been heard. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
