/**
 * When nobody waits for a test's body any more: its runner has given it up, or
 * it hangs. What the test has started must end then, or it would keep the
 * process alive for ever. Runners tell it in different ways:
 *
 * - node:test and vitest hand a signal to the test,
 * - mocha notes it on the test, which is reached by the function's `this`,
 * - Deno, Bun and jest say nothing: there a body that does nothing for a minute
 *   counts as hanging. Deno and Bun end the process after the last test.
 */
import type { Clock, Timer } from "../platform/clock.ts";
import { onAbort } from "../client/abort.ts";
import { ClusterError } from "./cluster/failure.ts";

/** What a runner has called the test function with. */
export interface RunnerCall {
  /** The function's `this`. */
  readonly context: unknown;
  /** Its first argument. */
  readonly given: unknown;
}

/** The cluster under test, as far as it is watched. */
export interface WatchedCluster {
  /** When something happened last, by the machine's clock. */
  readonly activeAtMs: number;
  /** On a virtual clock a body that hangs ends by itself. */
  readonly isVirtual: boolean;
}

/** A body in which nothing happens for so long hangs, where no runner says so. */
const IDLE_MAX_MS = 60_000;
/** How often mocha's test is looked at. */
const LOOK_MS = 100;

/** Calls `giveUp` once the body is not waited for any more, until the result is called. */
export function watchBody(
  call: RunnerCall,
  cluster: WatchedCluster,
  clock: Clock,
  giveUp: (reason: Error) => void,
): () => void {
  const { signal } = Object(call.given) as { readonly signal?: unknown };
  if (signal instanceof AbortSignal) {
    if (signal.aborted) giveUp(reasonOf(signal.reason));
    return onAbort(signal, giveUp);
  }
  const test = mochaTest(call.context);
  if (test !== undefined) {
    return every(clock, LOOK_MS, () => {
      if (test.timedOut !== true) return;
      giveUp(new ClusterError("The test has taken too long", undefined));
    });
  }
  // Rarely: a timer that a given-up body starts is held against the next test.
  return every(clock, IDLE_MAX_MS, () => {
    const idleMs = clock.monotonic() - cluster.activeAtMs;
    if (cluster.isVirtual || idleMs < IDLE_MAX_MS) return;
    giveUp(new ClusterError(hangs(idleMs), undefined));
  });
}

function hangs(idleMs: number): string {
  return `The test hangs: nothing has happened for ${
    Math.round(idleMs / 1000)
  } s`;
}

/** As far as it is used here. */
interface MochaTest {
  readonly timedOut?: boolean;
}

function mochaTest(context: unknown): MochaTest | undefined {
  const { runnable } = Object(context) as { readonly runnable?: unknown };
  if (typeof runnable !== "function") return undefined;
  const test: unknown = runnable.call(context);
  return typeof test === "object" && test !== null ? test : undefined;
}

function every(clock: Clock, ms: number, look: () => void): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = clock.after(ms, again);
    look();
  };
  timer = clock.after(ms, again);
  return () => timer.cancel();
}

function reasonOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
