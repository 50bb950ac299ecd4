/**
 * Asking and watching a provider in tests: nothing waits longer than any source
 * on this machine needs, and a watch ends with its test.
 */
import assert from "node:assert/strict";
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type Snapshot,
} from "../../src/discovery/discovery.ts";
import type { TestContext } from "../support/test.ts";
import { rejection } from "../support/rejection.ts";

/** Far beyond what a source on this machine needs. */
const PROMPT_MS = 10_000;

/** One question. */
export function ask(provider: Discovery, last?: Snapshot): Promise<Snapshot> {
  const answer = provider.resolve({
    signal: new AbortController().signal,
    reason: "manual",
    ...(last !== undefined && { last }),
  });
  return promptly(answer, `an answer of ${provider.name}`);
}

export interface Watcher {
  /** Waits for a snapshot with just these URLs; passes over others before it. */
  sees(urls: readonly string[]): Promise<void>;
  next(): Promise<IteratorResult<Snapshot>>;
  abort(): void;
}

/** A watch that ends with the test. */
export function startWatch(
  t: TestContext,
  provider: Discovery,
  last?: Snapshot,
): Watcher {
  const aborter = new AbortController();
  const stream = provider.watch!({
    signal: aborter.signal,
    ...(last !== undefined && { last }),
  });
  const iterator = stream[Symbol.asyncIterator]();
  const abort = (): void => aborter.abort(new Error("the test is over"));
  t.after(abort);
  // No watch keeps a process alive; the limit of its time does.
  const next = (what: string = "any"): Promise<IteratorResult<Snapshot>> =>
    promptly(iterator.next(), `news: ${what}`);
  return {
    abort,
    next: () => next(),
    async sees(urls): Promise<void> {
      for (;;) {
        const step = await next(urls.join());
        assert.ok(!step.done, "the watch ended");
        const seen = urlsOf(step.value.endpoints);
        if (JSON.stringify(seen) === JSON.stringify(urls)) return;
      }
    },
  };
}

/** The URLs in an order that no provider decides. */
export function urlsOf(endpoints: readonly Endpoint[]): string[] {
  return endpoints.map(({ url }) => url).sort();
}

/** The `DiscoveryError` with which `work` rejects. */
export async function failure(
  work: Promise<unknown>,
  what: string = "",
): Promise<DiscoveryError> {
  const error = await rejection(work);
  assert.ok(error instanceof DiscoveryError, `${what}: ${error}`);
  return error;
}

/** Neither the error nor what it holds as its cause shows the secret. */
export function assertHides(error: unknown, secret: string): void {
  for (
    let each = error;
    each instanceof Error;
    each = each.cause
  ) {
    const text = `${each.message}${JSON.stringify(each)}`;
    assert.ok(!text.includes(secret), text.replaceAll(secret, "<secret>"));
  }
}

/** What `work` comes to; fails when that takes longer than any source needs. */
export async function promptly<T>(work: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(
    () => reject(new assert.AssertionError({ message: `${what} is late` })),
    PROMPT_MS,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(late);
  }
}
