/** `midge bench -versus`: Midge and nats-server side by side. Counts and shapes, no speeds. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BENCH } from "../../src/commands/bench/bench.ts";
import { isMistake } from "../../src/commands/midge.ts";
import { modelMissing, newestNatsServer } from "../support/nats_server.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { runCommand } from "./run.ts";

interface Versus {
  readonly bench: string;
  readonly midge: { readonly version: string; readonly runtime: string };
  readonly other: { readonly program: string; readonly version: string };
  readonly rounds: number;
  readonly interrupted: boolean;
  readonly results: readonly {
    readonly case: string;
    readonly unit: string;
    readonly midge: number;
    readonly other: number;
    readonly ratio: number;
    readonly midge_rounds: readonly number[];
    readonly other_rounds: readonly number[];
  }[];
}

test("bench -versus measures the same cases on both", {
  skip: modelMissing,
}, async (t) => {
  const { code, stdout, stderr } = await runCommand(t, [
    ...["bench", "--versus", newestNatsServer, "--seconds", "0.05"],
    ...["--rounds", "2", "--json"],
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  const found: Versus = JSON.parse(stdout);
  assert.equal(found.bench, "versus");
  assert.match(found.midge.runtime, /^(?:deno|bun|node) \d/);
  assert.equal(found.other.program, newestNatsServer);
  assert.match(found.other.version, /^2\.15\./);
  assert.deepEqual([found.rounds, found.interrupted], [2, false]);
  assert.deepEqual(found.results.map((one) => one.case), [
    "publish 16 B",
    "1:1, 16 B",
    "1:1, 1 KiB",
    "1:1, 64 KiB",
    "1:8, 64 B",
    "queue group of 5, 100 B",
    "request, p50",
    "request, p99",
    "100 requests in flight",
    "JetStream publish, memory, 128 B",
    "JetStream fetch, memory",
  ]);
  let compared = 0;
  for (const one of found.results) {
    assert.equal(one.midge_rounds.length, 2);
    assert.equal(one.other_rounds.length, 2);
    // On a busy machine nothing may come of a case in this time.
    if (!(one.midge > 0 && one.other > 0)) continue;
    const ahead = one.unit === "ms"
      ? one.other / one.midge
      : one.midge / one.other;
    assert.ok(Math.abs(one.ratio / ahead - 1) < 1e-4, one.case);
    compared++;
  }
  assert.ok(compared > 0);
});

test("bench -versus prints a table of the cases that were asked for", {
  skip: modelMissing,
}, async (t) => {
  const plot = join(temporaryFolder(t), "ratios.svg");
  const { code, stdout, stderr } = await runCommand(t, [
    ...["bench", "--versus", newestNatsServer, "--seconds", "0.05"],
    ...["--rounds", "1", "--cases", "one,request", "--plot", plot],
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  const [head, , names, ...rows] = stdout.trimEnd().split("\n");
  assert.match(head!, /^Midge on \S+ \S+ beside \S+ 2\.15\.\d+, medians of 1$/);
  assert.match(names!, /^ +Midge +nats-server +ratio$/);
  assert.match(rows[0]!, /^1:1, 16 B +[\d,]+\/s +[\d,]+\/s +\S+$/);
  assert.match(rows[1]!, /^request, p50 +[\d.]+ [mu]?s +[\d.]+ [mu]?s +\S+$/);
  assert.equal(rows.length, 5);
  assert.match(readFileSync(plot, "utf8"), /^<svg [^]*>1:1, 16 B</);
});

test("where there is no nats-server bench -versus says so", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["no-such-server", '"no-such-server" is not on the PATH'],
    ["/no/such/server", "There is no program /no/such/server"],
  ];
  await Promise.all(rows.map(async ([program, why]) => {
    const { code, stdout, stderr } = await runCommand(t, [
      ...["bench", "--versus", program],
    ]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(stderr, `midge bench: ${why}\n`);
  }));
});

test("flags of -versus are checked before anything starts", async () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["-rounds 0", /-rounds/],
    ["-seconds never", /-seconds/],
    ["-cases one,sevn", /-cases: unknown case "sevn"/],
  ];
  for (const [words, why] of rows) {
    const run = async () =>
      await BENCH.run(["-versus", "no-such-server", ...words.split(" ")]);
    const error = await rejection(run());
    assert.ok(isMistake(error), String(error));
    assert.match(error.message, why);
  }
});
