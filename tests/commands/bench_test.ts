/** `midge bench` as a program: what it counts and prints, and how it fails. No speeds. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../client.ts";
import { BENCH } from "../../src/commands/bench/bench.ts";
import type { Command } from "../../src/commands/command.ts";
import { isMistake } from "../../src/commands/midge.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import { startMidge } from "../support/midge.ts";
import { midgeCommand, spawnCommand } from "../support/process.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type BenchObject, counts, measured } from "./bench_run.ts";
import { missing, runCommand, startCommand } from "./run.ts";

test("bench pub and pubsub count what they send and get", async (t) => {
  const { port } = await startMidge(t);
  const url = `127.0.0.1:${port}`;
  const plot = join(temporaryFolder(t), "pub.svg");
  const [pub, fan, group, timed] = await Promise.all([
    measured(
      t,
      url,
      ...["pub", "a", "--msgs", "1001", "--clients", "2", "--plot", plot],
    ),
    measured(
      t,
      url,
      ...["pubsub", "b", "--msgs", "1k", "--subs", "3", "--size", "1KiB"],
      ...["--subjects", "7", "--pubs", "2"],
    ),
    measured(
      t,
      url,
      ...["pubsub", "c", "--msgs", "500", "--subs", "2", "--queue", "q"],
      ...["--latency", "--size", "8"],
    ),
    measured(
      t,
      url,
      ...["pubsub", "d", "--seconds", "0.2", "--rate", "1000", "--size", "0"],
    ),
  ]);
  assert.deepEqual(counts(pub), ["pub 2 1001 128128"]);
  assert.match(readFileSync(plot, "utf8"), /^<svg [^]*midge bench pub at /);
  assert.deepEqual(pub.clients.map(({ msgs }) => msgs), [501, 500]);
  assert.deepEqual(pub.asked, {
    clients: 2,
    subject: "a",
    subjects: 1,
    size: 128,
  });
  assert.deepEqual(counts(fan), [
    "pub 2 1000 1024000",
    "sub 3 3000 3072000",
  ]);
  assert.deepEqual(counts(group), ["pub 1 500 4000", "sub 2 500 4000"]);
  assert.equal(group.sums[1]?.latency_ms?.["count"], 500);
  const [sent, got] = timed.sums;
  assert.ok(sent!.msgs > 0 && sent!.msgs === got!.msgs);
});

test("bench sub counts from the first message on, and ends with a signal", async (t) => {
  const { port } = await startMidge(t);
  const url = `127.0.0.1:${port}`;
  const client = await connect({ servers: url });
  t.after(() => client.close());
  const sub = (...words: string[]) =>
    startCommand(t, ["bench", "sub", "a.*", "-s", url, ...words]);
  const some = sub("--msgs", "3");
  const asked = sub("--json");
  await Promise.all(
    [some, asked].map((one) => one.waitFor('Waiting for messages to "a.*"')),
  );
  for (let n = 0; n < 3; n++) client.publish("a.b", "hello");
  await client.flush();
  assert.equal((await some.exited).code, 0);
  assert.match(some.stdout, /^sub at 127\.0\.0\.1:\d+ \(\S+\): clients 1, /);
  assert.match(some.stdout, /^sub +3 /m);
  sendSignal(asked.pid, "SIGINT");
  assert.equal((await asked.exited).code, 0);
  const found: BenchObject = JSON.parse(asked.stdout);
  assert.equal(found.interrupted, true);
  assert.deepEqual(counts(found), ["sub 1 3 15"]);
});

test("bench request times what bench reply answers", async (t) => {
  const { port } = await startMidge(t);
  const url = `127.0.0.1:${port}`;
  const reply = startCommand(t, [
    ...["bench", "reply", "echo", "-s", url, "--json", "--size", "1KiB"],
    ...["--clients", "2", "--msgs", "700"],
  ]);
  await reply.waitFor('Answering requests to "echo"');
  const [one, many] = await Promise.all([
    measured(t, url, "request", "echo", "--msgs", "200"),
    measured(
      t,
      url,
      ...["request", "echo", "--msgs", "500", "--in-flight", "20"],
      ...["--clients", "2", "--size", "0"],
    ),
  ]);
  assert.deepEqual(counts(one), ["request 1 200 204800"]);
  assert.deepEqual(counts(many), ["request 2 500 512000"]);
  assert.equal(many.asked["in-flight"], 20);
  assert.equal(many.sums[0]?.latency_ms?.["count"], 500);
  assert.equal((await reply.exited).code, 0);
  assert.deepEqual(counts(JSON.parse(reply.stdout)), ["reply 2 700 25600"]);
});

test("a server that goes away ends bench with 1", async (t) => {
  const { port, server } = await startMidge(t);
  const url = `127.0.0.1:${port}`;
  const client = await connect({ servers: url });
  t.after(() => client.close());
  const heard = client.subscribe("gone", { max: 1 });
  await client.flush();
  const pub = startCommand(t, [
    ...["bench", "pub", "gone", "-s", url, "--seconds", "100"],
  ]);
  for await (const _ of heard) break;
  await server.stop();
  assert.equal((await pub.exited).code, 1);
  assert.equal(pub.stdout, "");
  assert.match(pub.stderr, /^midge bench pub: [^\n]+\n$/);
});

test("a pipe gets no progress, a terminal does", {
  skip: missing("script", "-qec", "true", "/dev/null"),
}, async (t) => {
  const { port } = await startMidge(t);
  const words = ["bench", "pub", "a", "-s", `127.0.0.1:${port}`];
  const { stdout, stderr } = await runCommand(t, [...words, "--msgs", "10"]);
  assert.equal(stderr, "");
  assert.ok(!stdout.includes("\x1b") && !stdout.includes("\r"));
  const line = [...midgeCommand(), ...words, "--seconds", "60", "--rate", "9"]
    .map((word) => `'${word}'`).join(" ");
  // Not every shell lets the command take its place, and Ctrl-C ends it, too.
  const script = ["script", "-qec", `exec ${line}`, "/dev/null"];
  const screen = spawnCommand(script);
  t.after(() => screen.stop());
  await screen.waitFor(/pub \[=* *\] +\d+ % +\d+ messages +\d+\/s/);
  screen.input("\x03");
  await screen.waitFor("; interrupted");
  assert.equal((await screen.exited).code, 0);
});

test("what goes wrong ends bench with 1 and says why", async (t) => {
  const { port } = await startMidge(t, { maxPayloadBytes: 1000 });
  const url = `127.0.0.1:${port}`;
  const rows: readonly (readonly [RegExp, ...string[]])[] = [
    [
      /^midge bench pub: Cannot connect to 127\.0\.0\.1:1: .*refused\n$/,
      ...["pub", "a", "-s", "127.0.0.1:1"],
    ],
    [
      /^midge bench pub: -size 1001 is larger than the server's limit of 1000 bytes\n$/,
      ...["pub", "a", "-s", url, "-size", "1001"],
    ],
    [
      /^midge bench request: Nobody answers requests to "a"; .*would\n$/,
      ...["request", "a", "-s", url],
    ],
  ];
  await Promise.all(rows.map(async ([why, ...words]) => {
    const { code, stdout, stderr } = await runCommand(t, ["bench", ...words]);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(stderr, why);
  }));
});

function named(path: string): Command {
  return path.split("/").reduce(
    (command, name) => command.commands!.find((one) => one.name === name)!,
    BENCH,
  );
}

test("bad numbers name their flag", async () => {
  const rows: readonly (readonly [string, string])[] = [
    ["pub a -msgs 0", "msgs"],
    ["pub a -msgs many", "msgs"],
    ["pub a -msgs -5", "msgs"],
    ["pub a -msgs 1.5", "msgs"],
    ["pub a -msgs 1x", "msgs"],
    ["pub a -size -1", "size"],
    ["pub a -size 12QB", "size"],
    ["pub a -size 0.3", "size"],
    ["pub a -clients 0", "clients"],
    ["pub a -subjects 0", "subjects"],
    ["pub a -rate 0", "rate"],
    ["pub a -seconds 0", "seconds"],
    ["pub a -seconds soon", "seconds"],
    ["sub a -clients none", "clients"],
    ["pubsub a -pubs 0", "pubs"],
    ["request a -in-flight 0", "in-flight"],
    ["reply a -size x", "size"],
    ["js/pub a -in-flight 0", "in-flight"],
    ["js/pub a -storage tape", "storage"],
    ["js/pub a -replicas none", "replicas"],
    ["js/fetch -stream a.b", "stream"],
    ["js/fetch -batch 0", "batch"],
    ["js/fetch -acks some", "acks"],
    ["js/consume -clients x", "clients"],
    ["pubsub a -subs 0", "subs"],
    ["pubsub a -latency -size 7", "size"],
  ];
  for (const [line, flag] of rows) {
    const [name = "", ...args] = line.split(" ");
    const run = async () => await named(name).run(args);
    const error = await rejection(run());
    assert.ok(isMistake(error), `${line}: ${error}`);
    assert.ok(error.message.includes(`-${flag}`), `${line}: ${error.message}`);
  }
});
