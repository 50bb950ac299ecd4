/**
 * A broker and its clients in a program whose timers and clock are taken away,
 * as a test's fake timers do: see `fake_timers_test.ts`. The word `before` or
 * `after` says when the broker is started. Time goes on for Midge, since a
 * request still runs into its limit, and stands still for everybody else.
 */
import { strictEqual } from "node:assert/strict";
import { createRequire, syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { connect, startCluster, startServer, TimeoutError } from "midge";

type Replaceable = Record<string, unknown>;

const NEVER = (): object => ({ ref() {}, unref() {}, [Symbol.dispose]() {} });
const FUNCTIONS = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  // Bun's `node:net` calls the global one whenever a socket closes.
  ...process.versions.bun === undefined
    ? ["setImmediate", "clearImmediate"]
    : [],
];

/** As `@sinonjs/fake-timers`, jest, vitest and node:test do: the global functions, and the module's. */
function fakeTimers(): void {
  const timers: Replaceable = createRequire(import.meta.url)("node:timers");
  for (const target of [globalThis as unknown as Replaceable, timers]) {
    for (const name of FUNCTIONS) target[name] = NEVER;
  }
  globalThis.queueMicrotask = NEVER;
  const { Date: RealDate } = globalThis;
  globalThis.Date = class extends RealDate {
    constructor(...words: []) {
      super(...(words.length === 0 ? [0] as unknown as [] : words));
    }
    static override now(): number {
      return 0;
    }
  } as DateConstructor;
  performance.now = () => 0;
  Math.random = () => 0;
  syncBuiltinESMExports();
}

async function main(): Promise<void> {
  const early = process.argv[2] === "before";
  if (!early) fakeTimers();
  const server = await startServer({ host: "127.0.0.1", port: 0 });
  const client = await connect({ servers: server.url });
  const cluster = await startCluster({ size: 2 });
  if (early) fakeTimers();
  setTimeout(() => process.exit(3), 0); // never comes

  for (const asker of [client, await server.connect()]) {
    asker.subscribe("ask", {
      callback: (_error, message) => void message.respond("yes"),
      max: 1,
    });
    strictEqual((await asker.request("ask")).string(), "yes");
    asker.subscribe("silent");
    const late = await asker.request("silent", "", { timeout: 50 })
      .catch((error: unknown) => error);
    strictEqual(late instanceof TimeoutError, true, String(late));
    await asker.drain();
  }
  const one = await cluster.connect({ node: 0 });
  const other = await cluster.connect({ node: 1 });
  one.subscribe("far", {
    callback: (_error, message) => void message.respond("yes"),
  });
  await cluster.settled();
  strictEqual((await other.request("far")).string(), "yes");
  await cluster.stop();
  strictEqual(server.varz().now.startsWith("1970"), false);
  await server.stop();
  console.log("all went on");
}

await main();
