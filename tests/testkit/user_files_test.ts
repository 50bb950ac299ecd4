/**
 * The helpers for test runners in files of users, which real runners run:
 * node:test on Node, `Deno.test` on Deno and bun:test on Bun.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand } from "../support/process.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
  type RuntimeName,
} from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** How a user's test file begins for each runner. */
const PRELUDES: Readonly<Record<RuntimeName, string>> = {
  deno: `const test = (name: string, fn: (t: Deno.TestContext) => unknown) =>
    Deno.test({
      name,
      fn: async (t) => void await fn(t),
      sanitizeOps: true,
      sanitizeResources: true,
      sanitizeExit: true,
    });`,
  bun: 'import { test } from "bun:test";',
  node: 'import { test } from "node:test";',
};

const COMMANDS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["test", "-A", "--no-check", "--config", `${PROJECT_FOLDER}deno.json`],
  bun: ["test"],
  node: ["--test", "--test-reporter=spec"],
};

interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a user's file, which imports the test kit, by the runtime's own runner. */
async function runTests(t: Cleanup, text: string): Promise<Run> {
  const { name } = currentRuntime();
  return await run(t, text, PRELUDES[name], COMMANDS[name]);
}

async function run(
  t: Cleanup,
  text: string,
  prelude: string,
  command: readonly string[],
): Promise<Run> {
  const folder = temporaryFolder(t);
  const file = "user_test.ts";
  const kit = JSON.stringify(`${PROJECT_FOLDER}src/faces/cluster.ts`);
  const imports =
    `import { startCluster, withCluster, withServer } from ${kit};`;
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, file), `${prelude}\n${imports}\n${text}`);
  const { name } = currentRuntime();
  const words = [executableOf(name)!, ...command, `./${file}`];
  // Node's runner does not run within itself.
  const child = spawnCommand(["env", "-u", "NODE_TEST_CONTEXT", ...words], {
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  t.after(() => child.stop());
  const { code } = await child.exited;
  return { code, output: child.stdout + child.stderr };
}

test("a user's tests pass, and the runner finds nothing left open", async (t) => {
  const { code, output } = await runTests(
    t,
    `
    for (const setup of [
      {},
      { network: "memory" },
      { network: "memory", clock: "virtual", seed: 7 },
    ] as const) {
      test("cluster " + JSON.stringify(setup), withCluster(setup, async (cluster) => {
        const worker = await cluster.connect({ node: 0 });
        worker.subscribe("work", {
          queue: "workers",
          callback: (_error, message) => void message.respond("done"),
        });
        await cluster.kill(0);
        await cluster.settled();
        const client = await cluster.connect({ node: 2 });
        const answer = await client.request("work");
        if (answer.string() !== "done") throw new Error(answer.string());
        cluster.partition([1], [2, "clients"]);
        cluster.delay("clients", 2, 10);
        await cluster.restart(0);
      }));
      test("server " + JSON.stringify(setup), withServer(setup, async (_, { connect }) => {
        const client = await connect();
        await client.flush();
      }));
    }
    test("many bytes", withCluster({ size: 2 }, async (cluster) => {
      const [from, to] = [await cluster.connect({ node: 0 }), await cluster.connect({ node: 1 })];
      let count = 0;
      to.subscribe("large", { callback: () => void count++ });
      await cluster.settled();
      for (let sent = 0; sent < 50; sent++) from.publish("large", new Uint8Array(100_000));
      await cluster.until(() => count === 50);
    }));
    test("by hand", async () => {
      await using cluster = await startCluster();
      await using client = await cluster.connect();
      await client.flush();
    });
    `,
  );
  assert.equal(code, 0, output);
  assert.match(output, /\b8 pass(ed)?\b|\bpass 8\b/, output);
});

test("a user's test that fails shows its error and the end of the log, by node", async (t) => {
  const { code, output } = await runTests(
    t,
    `
    test("it fails", withCluster({ size: 2, network: "memory", seed: 42 }, async (cluster) => {
      await cluster.kill(1);
      await cluster.meshed();
      throw new Error("my own reason");
    }));
    test("the error is the very same", async () => {
      const mine = { not: "even an error" };
      const fail = withServer({ network: "memory" }, () => { throw mine; });
      const caught = await fail().catch((error: unknown) => error);
      if (caught !== mine) throw new Error("another error");
      const reject = withServer({ network: "memory" }, () => Promise.reject(mine));
      if (await reject().catch((error: unknown) => error) !== mine) throw new Error("another");
      console.log("the very same");
    });
    `,
  );
  assert.notEqual(code, 0, output);
  assert.match(output, /my own reason/);
  assert.match(output, /the very same/);
  assert.doesNotMatch(output, /another/);
  assert.match(output, /seed 42\n(.*\n)?.*log of the nodes/, output);
  const shown = output.split("\n").flatMap((line) =>
    /node-([ab]) (\d\d:\d\d:\d\d\.\d{3}) \[[A-Z]{3}\] (.*)/.exec(line)?.slice(1)
      .join(" ") ?? []
  );
  assert.ok(shown.some((line) => /^a .* Server is ready$/.test(line)), output);
  assert.ok(shown.some((line) => /^b .* Server is ready$/.test(line)), output);
  assert.ok(shown.some((line) => /^a .* Router connection closed/.test(line)));
  const times = shown.slice(0, 20).map((line) => line.split(" ")[1]!);
  assert.deepEqual(times, times.toSorted());
});

/** How each runner is told that a test may take a second. */
const LIMITED: Readonly<Record<RuntimeName, string>> = {
  deno: `const limited = (name: string, fn: (t: Deno.TestContext) => unknown) =>
    Deno.test({ name, timeout: 1000, fn: async (t) => void await fn(t) });`,
  bun:
    "const limited = (name: string, fn: () => unknown) => test(name, fn, 1000);",
  node:
    "const limited = (name: string, fn: () => unknown) => test(name, { timeout: 1000 }, fn);",
};

test("a user's test that hangs fails at its runner's limit, and the process ends", async (t) => {
  const { name } = currentRuntime();
  const { code, output } = await runTests(
    t,
    `
    ${LIMITED[name]}
    for (const network of ["sockets", "memory"] as const) {
      limited("hangs " + network, withServer({ network }, async (_, { connect }) => {
        const client = await connect();
        await client.flush();
        await new Promise(() => {});
      }));
    }
    test("goes on", withServer(async (_, { connect }) => {
      const client = await connect();
      await client.flush();
    }));
    `,
  );
  assert.notEqual(code, 0, output);
  assert.match(output, /\b1 pass(ed)?\b|\bpass 1\b/, output);
  assert.match(output, /\b2 fail(ed)?\b|\b(fail|cancelled) 2\b/, output);
});

test("a user's test fails for a callback that fails when the body is over", async (t) => {
  const { code, output } = await runTests(
    t,
    `
    test("late", withServer(async (_, { connect, clock }) => {
      const client = await connect();
      client.subscribe("a", {
        callback: async () => {
          await new Promise<void>((resolve) => void clock.after(300, resolve));
          throw new Error("my late reason");
        },
      });
      client.publish("a");
    }));
    `,
  );
  assert.notEqual(code, 0, output);
  assert.match(output, /my late reason/);
  assert.match(output, /\b1 fail(ed)?\b|\bfail 1\b/, output);
});

test("a program that has stopped its clusters ends by itself", async (t) => {
  const { command } = currentRuntime();
  const { code, output } = await run(
    t,
    `
    for (const network of ["sockets", "memory"] as const) {
      const cluster = await startCluster({ network });
      const client = await cluster.connect();
      await cluster.kill(0);
      await cluster.settled();
      cluster.partition([1], [2]);
      await client.flush();
      await cluster.stop();
    }
    void withCluster;
    void withServer;
    console.log("the end");
    `,
    "",
    command.slice(1),
  );
  assert.equal(output, "the end\n");
  assert.equal(code, 0);
});
