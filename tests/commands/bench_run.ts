/** `midge bench -json` in tests: its object, whose parts fit each other. */
import assert from "node:assert/strict";
import type { TestContext } from "../support/test.ts";
import { runCommand } from "./run.ts";

interface Sum {
  readonly role: string;
  readonly clients: number;
  readonly msgs: number;
  readonly bytes: number;
  readonly lost: number;
  readonly seconds: number;
  readonly msgs_per_second: number;
  readonly bytes_per_second: number;
  readonly latency_ms?: Readonly<Record<string, number>>;
}

export interface BenchObject {
  readonly bench: string;
  readonly server: { readonly address: string; readonly version: string };
  readonly asked: Readonly<Record<string, unknown>>;
  readonly interrupted: boolean;
  readonly sums: readonly Sum[];
  readonly clients: readonly (Omit<Sum, "clients"> & { client: number })[];
}

/** Runs `midge bench ... -json` and gives its object; all sums and rates fit each other. */
export async function measured(
  t: TestContext,
  url: string,
  ...words: readonly string[]
): Promise<BenchObject> {
  const { code, stdout, stderr } = await runCommand(t, [
    "bench",
    ...words,
    "-s",
    url,
    "-json",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(stdout.trimEnd().split("\n").length, 1);
  const found: BenchObject = JSON.parse(stdout);
  assert.equal(found.server.address, url);
  assert.equal(found.interrupted, false);
  for (const sum of found.sums) {
    const own = found.clients.filter(({ role }) => role === sum.role);
    assert.equal(own.length, sum.clients);
    assert.equal(own.reduce((all, { msgs }) => all + msgs, 0), sum.msgs);
    assert.equal(own.reduce((all, { bytes }) => all + bytes, 0), sum.bytes);
    assert.equal(sum.lost, 0);
    assert.ok(sum.seconds >= 0 && sum.msgs_per_second >= 0);
    checkLatency(sum.latency_ms);
  }
  return found;
}

function checkLatency(latency: Sum["latency_ms"]): void {
  if (latency === undefined) return;
  const { min, p50, p90, p99, p99_9, max } = latency;
  const order = [0, min!, p50!, p90!, p99!, p99_9!, max!];
  assert.deepEqual(order, order.toSorted((one, other) => one - other));
}

/** `role clients msgs bytes` of each sum. */
export function counts({ sums }: BenchObject): string[] {
  return sums.map(({ role, clients, msgs, bytes }) =>
    `${role} ${clients} ${msgs} ${bytes}`
  );
}
