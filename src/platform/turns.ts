/**
 * The seam for turns of the event loop: work that would hold everybody up is
 * done in links, one in each turn. `runtime/mod.ts` has the machine's,
 * `runSoonOn` makes one of a clock; `tests/net/turns_test.ts` holds what each
 * must do.
 */
import type { Clock } from "./clock.ts";

/**
 * Calls `run` once, in a later turn of the event loop, and without waiting for
 * anything else to happen. Calls come in the order in which they were asked
 * for, and until they have come the process stays alive.
 *
 * Where each link of a chain asks for the next one, what other sockets have
 * received is handed to its receivers between the links. Links that take less
 * than a millisecond may come several at a time, a millisecond of them
 * together.
 */
export type RunSoon = (run: () => void) => void;

/**
 * Turns of a clock, for virtual time: what is due at this moment comes first,
 * then `run`, and no time passes. On a real clock it costs up to a few
 * milliseconds, and it keeps no process alive.
 */
export function runSoonOn(clock: Clock): RunSoon {
  return (run) => void clock.after(0, run);
}
