/**
 * The article on its own ports: its three nodes and the one that joins later,
 * its worker and its publisher, all as real processes. The ports are fixed, so
 * a test asks for the stage and has it alone, on the whole machine.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import {
  spawnCommand,
  spawnProgram,
  type TestProcess,
} from "../support/process.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import type { Cleanup } from "../support/temp.ts";
import { until } from "../support/until.ts";

export type NodeName = "a" | "b" | "c" | "d";

/** The article's command lines; the fourth node is told of the first one only. */
const COMMAND_LINES: Readonly<Record<NodeName, string>> = {
  a: "-p 4222 -m 4333 -cluster nats://localhost:4248" +
    " -routes nats://localhost:5248,nats://localhost:6248 -DV",
  b: "-p 5222 -m 5333 -cluster nats://localhost:5248" +
    " -routes nats://localhost:4248,nats://localhost:6248 -DV",
  c: "-p 6222 -m 6333 -cluster nats://localhost:6248" +
    " -routes nats://localhost:4248,nats://localhost:5248 -DV",
  d: "-p 7222 -m 7333 -cluster nats://localhost:7248" +
    " -routes nats://localhost:4248 -DV",
};

/** The article's programs. */
export type Part = "node" | "worker" | "publisher";

/** The command that plays each part; the article's flags follow it. */
export type Cast = Readonly<Record<Part, readonly string[]>>;

/** The parts as sources, on the runtime that runs the tests. */
function sourceCast(): Cast {
  const { command } = currentRuntime();
  const script = (path: string): string[] => [
    ...command,
    join(PROJECT_FOLDER, path),
  ];
  return {
    node: script("server.ts"),
    worker: script("scripts/worker.ts"),
    publisher: script("client.ts"),
  };
}

/** All parts by one command, which is Midge as one program. */
export function oneCommandCast(command: readonly string[]): Cast {
  return {
    node: command,
    worker: [...command, "worker"],
    publisher: [...command, "publisher"],
  };
}

/** What both programs are told, says the article: all three. */
export const THREE_URLS =
  "nats://localhost:4222,nats://localhost:5222,nats://localhost:6222";

/** What the worker of the name "y" writes before a message. */
export const RECEIVED = "y worker1 Received a message From Async : ";

const FIRST_MONITOR_PORT = 4333;
const FIRST_CLIENT_PORT = 4222;
const FIRST_ROUTE_PORT = 4248;
const PORT_STEP = 1000;
/** The process that listens here has the stage. */
const TURN_PORT = 4247;

/** One of the article's nodes, while it runs. */
export class ArticleNode {
  readonly process: TestProcess;
  readonly clientPort: number;
  readonly monitorPort: number;
  readonly routePort: number;

  constructor(name: NodeName, process: TestProcess) {
    const shift = "abcd".indexOf(name) * PORT_STEP;
    this.process = process;
    this.clientPort = FIRST_CLIENT_PORT + shift;
    this.monitorPort = FIRST_MONITOR_PORT + shift;
    this.routePort = FIRST_ROUTE_PORT + shift;
  }

  get url(): string {
    return `nats://localhost:${this.clientPort}`;
  }

  /** A page of its monitoring, as text. */
  async pageText(path: string): Promise<string> {
    const answer = await fetch(`http://localhost:${this.monitorPort}${path}`);
    return await answer.text();
  }

  /** The id that it has until it ends. */
  async id(): Promise<string> {
    const { server_id } = JSON.parse(await this.pageText("/varz"));
    return server_id;
  }

  async routes(): Promise<readonly RouteRow[]> {
    return JSON.parse(await this.pageText("/routez?subs=1")).routes;
  }

  /** Resolves once it knows that a client of `other` listens to `subject`. */
  async knowsInterest(other: ArticleNode, subject: string): Promise<void> {
    const id = await other.id();
    await until(`the route with interest in ${subject}`, async () => {
      const route = (await this.routes()).find((row) => row.remote_id === id);
      return route?.subscriptions_list?.includes(subject) ?? false;
    });
  }

  /** kill -9 */
  async kill(): Promise<void> {
    await this.process.stop();
  }
}

interface RouteRow {
  readonly remote_id: string;
  readonly subscriptions_list?: readonly string[];
}

/** Resolves once each of `nodes` has one route to every other one and no more. */
export async function meshed(nodes: readonly ArticleNode[]): Promise<void> {
  const ids = await Promise.all(nodes.map((node) => node.id()));
  await Promise.all(nodes.map(async (node, at) => {
    const others = ids.filter((_, other) => other !== at).sort();
    await until(`the mesh of node ${node.clientPort}`, async () => {
      const routes = await node.routes();
      const found = routes.map(({ remote_id }) => remote_id).sort();
      return found.join() === others.join();
    });
  }));
}

/** Everything that one test runs on the article's ports; all of it ends with the test. */
export class Stage {
  readonly #turn: Server;
  readonly #cast: Cast;
  readonly #processes: TestProcess[] = [];

  private constructor(turn: Server, cast: Cast) {
    this.#turn = turn;
    this.#cast = cast;
  }

  /** Waits until no other test, of whatever runtime or folder, is on the stage. */
  static async enter(t: Cleanup, cast: Cast = sourceCast()): Promise<Stage> {
    let turn: Server | undefined;
    await until("this test's turn", async () => {
      turn = await takeTurn();
      return turn !== undefined;
    });
    const stage = new Stage(turn!, cast);
    t.after(() => stage.#leave());
    return stage;
  }

  /** Starts one of the repository's programs. */
  run(script: string, args: readonly string[]): TestProcess {
    const program = spawnProgram(currentRuntime(), script, args);
    this.#processes.push(program);
    return program;
  }

  /** Starts whatever plays a part. */
  play(
    part: Part,
    args: readonly string[],
    cwd: string | undefined = undefined,
  ): TestProcess {
    const options = cwd === undefined ? {} : { cwd };
    const program = spawnCommand([...this.#cast[part], ...args], options);
    this.#processes.push(program);
    return program;
  }

  /** Starts a node with the article's command line. */
  async node(
    name: NodeName,
    commandLine: string = COMMAND_LINES[name],
  ): Promise<ArticleNode> {
    const program = this.play("node", commandLine.split(" "));
    await program.waitFor("Server is ready");
    return new ArticleNode(name, program);
  }

  /** Starts the article's three nodes; they know each other and `others`. */
  async threeNodes(
    ...others: readonly ArticleNode[]
  ): Promise<[ArticleNode, ArticleNode, ArticleNode]> {
    const nodes = await Promise.all([
      this.node("a"),
      this.node("b"),
      this.node("c"),
    ]);
    await meshed([...nodes, ...others]);
    return nodes;
  }

  /** Starts the article's worker; it has a connection. */
  async worker(...args: readonly string[]): Promise<TestProcess> {
    const worker = this.play("worker", args);
    await worker.waitFor(/ \S+ \S* abc\n/);
    return worker;
  }

  /** Runs the article's publisher to its end and gives the id that it published. */
  async publish(...args: readonly string[]): Promise<string> {
    const publisher = this.play("publisher", args);
    const { code } = await publisher.exited;
    assert.equal(code, 0, publisher.stdout + publisher.stderr);
    const lines = publisher.stderr.trimEnd().split("\n");
    return lines.at(-1)!.split(" ").at(-1)!;
  }

  async #leave(): Promise<void> {
    await Promise.all(this.#processes.map((program) => program.stop()));
    await new Promise((resolve) => this.#turn.close(resolve));
  }
}

/** Holds the turn until it is closed; undefined while another process has it. */
function takeTurn(): Promise<Server | undefined> {
  const turn = createServer();
  return new Promise((resolve, reject) => {
    turn.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    turn.listen(TURN_PORT, "127.0.0.1", () => resolve(turn));
  });
}
