/**
 * The commands that speak to a server: publish, subscribe, request and reply.
 * The same suite runs beside Midge and beside nats-server.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  connect,
  headers,
  type Msg,
  type NatsConnection,
} from "../../client.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import {
  midgeCommand,
  spawnCommand,
  type TestProcess,
} from "../support/process.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  type Outcome,
  outcomeOf,
  runCommand,
  type RunOptions,
  startCommand,
} from "./run.ts";

/** Starts a server that ends with the test; gives its port. */
export type StartServer = (t: TestContext) => Promise<number>;

class Stage {
  readonly #t: TestContext;
  readonly client: NatsConnection;
  readonly url: string;

  static async open(t: TestContext, startServer: StartServer): Promise<Stage> {
    const url = `nats://127.0.0.1:${await startServer(t)}`;
    const client = await connect({ servers: url });
    t.after(() => client.close());
    return new Stage(t, client, url);
  }

  private constructor(t: TestContext, client: NatsConnection, url: string) {
    this.#t = t;
    this.client = client;
    this.url = url;
  }

  start(...args: readonly string[]): TestProcess {
    return startCommand(this.#t, args, { env: { NATS_URL: this.url } });
  }

  run(
    [command = "", ...args]: readonly string[],
    options?: RunOptions,
  ): Promise<Outcome> {
    return runCommand(this.#t, [command, "-s", this.url, ...args], options);
  }

  /** Everything that arrives on a subject from now on. */
  async record(subject: string): Promise<Msg[]> {
    const messages: Msg[] = [];
    this.client.subscribe(subject, {
      callback: (_error, message) => {
        messages.push(message);
      },
    });
    await this.client.flush();
    return messages;
  }

  /** Answers requests as `answer` says. */
  async serve(subject: string, ...answers: readonly string[]): Promise<void> {
    this.client.subscribe(subject, {
      callback: (_error, message) => {
        for (const answer of answers) message.respond(answer);
      },
    });
    await this.client.flush();
  }
}

/**
 * Registers the tests of the client commands; `name` is that of the server.
 * Those in which the server has no part of its own are `alone` for Midge.
 */
export function testMessages(
  name: "Midge" | "nats-server",
  skip: string | false,
  startServer: StartServer,
): void {
  const scene = (
    title: string,
    play: (stage: Stage, t: TestContext) => Promise<void>,
  ): void => {
    test(`${title}, beside ${name}`, { skip }, async (t) => {
      await play(await Stage.open(t, startServer), t);
    });
  };
  const alone: typeof scene = (title, play) => {
    if (name === "Midge") scene(title, play);
  };

  scene("pub sends a text, its headers and where answers go", async (stage) => {
    const messages = await stage.record("abc");
    const outcome = await stage.run([
      ...["pub", "abc", "hello", "--reply", "answers", "--count", "2"],
      ...["-H", "Trace-Id: a1", "--header=Trace-Id: a:2 "],
    ]);
    assert.deepEqual(outcome, {
      code: 0,
      stdout: "",
      stderr: 'Published 2 messages of 5 bytes to "abc"\n',
    });
    await stage.client.flush();
    assert.deepEqual(messages.map((one) => one.string()), ["hello", "hello"]);
    for (const message of messages) {
      assert.equal(message.reply, "answers");
      assert.deepEqual(message.headers?.values("Trace-Id"), ["a1", "a:2"]);
    }
  });

  alone("pub sends standard input byte for byte", async (stage) => {
    const messages = await stage.record("abc");
    const input = Uint8Array.from({ length: 70_000 }, (_, index) => index);
    const outcomes = [
      await stage.run(["pub", "abc", "-q"], { input }),
      await stage.run(["pub", "abc", "-quiet", "-"], { input: "a\n" }),
      await stage.run(["pub", "-q", "abc", ""], { input: "not this" }),
      await stage.run(["pub", "abc", "-q", "--", "-5"]),
    ];
    for (const outcome of outcomes) {
      assert.deepEqual(outcome, { code: 0, stdout: "", stderr: "" });
    }
    await stage.client.flush();
    assert.deepEqual(messages[0]?.data, input);
    const texts = messages.slice(1).map((one) => one.string());
    assert.deepEqual(texts, ["a\n", "", "-5"]);
  });

  scene("sub prints messages until it has enough", async (stage) => {
    const sub = stage.start("sub", "a.>", "b", "--count", "3");
    await sub.waitFor("Listening to a.>, b\n");
    const all = headers();
    all.append("Trace-Id", "a1");
    stage.client.publish("a.x", "one", { reply: "r", headers: all });
    stage.client.publish("b", "two");
    stage.client.publish("c", "not this");
    stage.client.publish("a.y.z", "three\n");
    stage.client.publish("b", "nor this");
    assert.deepEqual(await outcomeOf(sub), {
      code: 0,
      stdout: "a.x (reply to r)\nTrace-Id: a1\n\none\n\n" +
        "b\ntwo\n\na.y.z\nthree\n\n",
      stderr: "Listening to a.>, b\n",
    });
  });

  alone("sub prints bare payloads, and JSON", async (stage) => {
    const raw = stage.start("sub", "a", "--count", "2", "--raw");
    const json = stage.start("sub", "a", "--count", "2", "--json");
    await Promise.all([raw, json].map((one) => one.waitFor("Listening")));
    stage.client.publish("a", "hé", { reply: "r" });
    stage.client.publish("a", Uint8Array.of(0xff));
    const [bare, lines] = await Promise.all([raw, json].map(outcomeOf));
    assert.deepEqual([bare?.code, lines?.code], [0, 0]);
    assert.equal(bare?.stdout, "hé\n\ufffd\n");
    assert.equal(
      lines?.stdout,
      '{"subject":"a","reply":"r","data":"hé"}\n' +
        '{"subject":"a","data":"/w==","base64":true}\n',
    );
  });

  scene("members of a queue group share the messages", async (stage) => {
    const args = ["sub", "jobs", "--queue", "crew", "--raw", "--count", "1"];
    const crew = [stage.start(...args), stage.start(...args)];
    await Promise.all(crew.map((one) => one.waitFor("Listening")));
    stage.client.publish("jobs", "1");
    stage.client.publish("jobs", "2");
    const outputs = (await Promise.all(crew.map(outcomeOf)))
      .map(({ code, stdout }) => `${code} ${stdout}`);
    assert.deepEqual(outputs.sort(), ["0 1\n", "0 2\n"]);
  });

  alone("a signal lets sub print what has arrived", async (stage) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const sub = stage.start("sub", "a", "--raw");
      await sub.waitFor("Listening");
      for (let i = 0; i < 500; i++) stage.client.publish("a", String(i));
      await stage.client.flush();
      sendSignal(sub.pid, signal);
      const { code, stdout } = await outcomeOf(sub);
      assert.equal(code, 0);
      assert.equal(stdout.split("\n").length - 1, 500);
    }
  });

  alone("sub ends without a word when nobody reads it", async (stage, t) => {
    const midge = [
      ...midgeCommand(),
      ...["sub", "a", "--raw", "-s", stage.url],
    ].map((word) => `'${word}'`).join(" ");
    const line = `set -o pipefail; ${midge} | head -1`;
    const pipe = spawnCommand(["bash", "-c", line], { cwd: PROJECT_FOLDER });
    t.after(() => pipe.stop());
    await pipe.waitFor("Listening to a\n");
    stage.client.publish("a", "first");
    await pipe.waitFor("first\n");
    const ended = outcomeOf(pipe);
    let isOver = false;
    ended.then(() => isOver = true);
    await until("the end of the pipe", async () => {
      stage.client.publish("a", "more");
      await stage.client.flush();
      return isOver;
    });
    assert.deepEqual(await ended, {
      code: 0,
      stdout: "first\n",
      stderr: "Listening to a\n",
    });
  });

  scene("request prints the answer", async (stage) => {
    await stage.serve("sum", "3");
    const questions = await stage.record("sum");
    const plain = await stage.run(["request", "sum", "1+2", "-H", "A: b"]);
    assert.deepEqual(plain, { code: 0, stdout: "3\n", stderr: "" });
    assert.equal(questions[0]?.string(), "1+2");
    assert.equal(questions[0]?.headers?.get("A"), "b");
    const json = await stage.run(["request", "sum", "--json"], { input: "i" });
    const { subject, data } = JSON.parse(json.stdout);
    assert.match(subject, /^_INBOX\./);
    assert.equal(data, "3");
    assert.equal(questions[1]?.string(), "i");
  });

  scene("request waits for as many answers as it is told", async (stage) => {
    await stage.serve("two", "1", "2");
    const ask = (...args: string[]): Promise<Outcome> =>
      stage.run(["request", "two", "", "--raw", ...args]);
    const [one, two, all, more] = await Promise.all([
      ask(),
      ask("--replies", "2"),
      ask("--replies", "0"),
      ask("--replies", "3", "--timeout", "400ms"),
    ]);
    assert.deepEqual(one, { code: 0, stdout: "1\n", stderr: "" });
    assert.deepEqual(two, { code: 0, stdout: "1\n2\n", stderr: "" });
    assert.deepEqual(all, { code: 0, stdout: "1\n2\n", stderr: "" });
    assert.deepEqual(more, {
      code: 1,
      stdout: "1\n2\n",
      stderr: "midge request: 2 of 3 answers came within 400ms\n",
    });
  });

  scene("request says that nobody is there, or is too slow", async (stage) => {
    await stage.record("silence");
    const [nobody, slow, none] = await Promise.all([
      stage.run(["request", "nobody", ""]),
      stage.run(["request", "silence", "", "--timeout", "200ms"]),
      stage.run(["request", "nobody", "", "--replies", "0"]),
    ]);
    assert.deepEqual(nobody, {
      code: 1,
      stdout: "",
      stderr: 'midge request: Nobody subscribes to "nobody"\n',
    });
    assert.deepEqual(slow, {
      code: 1,
      stdout: "",
      stderr: 'midge request: No answer from "silence" within 200ms\n',
    });
    assert.deepEqual(none, nobody);
  });

  alone("reply answers with a text, and ends on a signal", async (stage) => {
    const reply = stage.start("reply", "ping", "pong", "-H", "A: b");
    await reply.waitFor("Answering requests to ping\n");
    const answer = await stage.client.request("ping", "");
    assert.equal(answer.string(), "pong");
    assert.equal(answer.headers?.get("A"), "b");
    stage.client.publish("ping", "no question");
    await reply.waitFor('A message to "ping" wants no answer\n');
    sendSignal(reply.pid, "SIGTERM");
    assert.deepEqual(await reply.exited, { code: 0, signal: null });
  });

  scene("reply echoes requests until it has enough", async (stage) => {
    const reply = stage.start("reply", "t.*", "--echo", "--count", "2");
    await reply.waitFor("Answering");
    const all = headers();
    all.append("A", "1");
    const data = Uint8Array.of(0xff, 0);
    const answer = await stage.client.request("t.a", data, { headers: all });
    assert.deepEqual(answer.data, data);
    assert.equal(answer.headers?.get("A"), "1");
    assert.equal((await stage.client.request("t.b", "x")).string(), "x");
    assert.deepEqual(await reply.exited, { code: 0, signal: null });
  });

  alone("reply lets a command answer, each request its own", async (stage) => {
    const line = 'tr a-z A-Z; printf " %s" "$NATS_REQUEST_SUBJECT"';
    const reply = stage.start("reply", "up.*", "--command", line);
    await reply.waitFor("Answering");
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        (_, index) =>
          stage.client.request(`up.${index}`, "hé", { timeout: 30_000 }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => answer.string()),
      Array.from({ length: 20 }, (_, index) => `Hé up.${index}`),
    );
    sendSignal(reply.pid, "SIGINT");
    assert.deepEqual(await reply.exited, { code: 0, signal: null });
  });

  alone("a command that fails answers with an error", async (stage) => {
    const line = "echo on its own stream >&2; exit 3";
    const reply = stage.start("reply", "bad", "--command", line);
    await reply.waitFor("Answering");
    const answer = await stage.client.request("bad", "x".repeat(100_000));
    assert.equal(answer.headers?.get("Nats-Service-Error-Code"), "500");
    const why = "the command ended with exit code 3";
    assert.equal(answer.headers?.get("Nats-Service-Error"), why);
    await reply.waitFor(`midge reply: ${why}\n`);
    await reply.waitFor("on its own stream\n");
  });

  alone("a signal lets a command finish its answer", async (stage, t) => {
    const go = join(temporaryFolder(t), "go");
    const line = "echo begun >&2; until test -e '" + go + "'; do sleep 0.02; " +
      "done; echo done";
    const reply = stage.start("reply", "slow", "--command", line);
    await reply.waitFor("Answering");
    const answer = stage.client.request("slow", "", { timeout: 60_000 });
    await reply.waitFor("begun\n");
    sendSignal(reply.pid, "SIGINT");
    writeFileSync(go, "");
    assert.equal((await answer).string(), "done\n");
    assert.deepEqual(await reply.exited, { code: 0, signal: null });
  });
}
