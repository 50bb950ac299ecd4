/** The same configuration at Midge and at nats-server, both as processes whose log is read. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { modelMissing, newestNatsServer } from "../support/nats_server.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import {
  spawnCommand,
  spawnMidge,
  type TestProcess,
} from "../support/process.ts";
import { sameEverywhere } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import type { TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

export interface Subject {
  readonly title: string;
  readonly skip: string | false;
  spawn(file: string): TestProcess;
}

export const SUBJECTS: readonly Subject[] = [
  {
    title: "Midge",
    skip: false,
    spawn: (file) => spawnMidge(["-D", "-c", file]),
  },
  {
    title: "nats-server",
    skip: modelMissing || sameEverywhere,
    spawn: (file) => spawnCommand([newestNatsServer, "-D", "-c", file]),
  },
];

export interface Running {
  readonly process: TestProcess;
  readonly port: number;
  /** Has the server read `config` in the place of its own. */
  reload(config: string): Promise<void>;
  /** The same, without waiting for what becomes of it. */
  ask(config: string): void;
}

/** Both log in full. */
export async function start(
  t: TestContext,
  { spawn }: Subject,
  config: string,
): Promise<Running> {
  const file = join(temporaryFolder(t), "server.conf");
  const write = (text: string): void =>
    writeFileSync(file, `listen: "127.0.0.1:-1"\n${text}`);
  write(config);
  const server = spawn(file);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  const [, port] = await server.waitFor(
    /Listening for client connections on \S+:(\d+)/,
  );
  const ask = (text: string): void => {
    write(text);
    server.kill("SIGHUP");
  };
  const reload = async (text: string): Promise<void> => {
    const before = reloadsIn(server);
    ask(text);
    await until(
      "the configuration is read again",
      () => reloadsIn(server) > before,
    );
  };
  return { process: server, port: Number(port), reload, ask };
}

function reloadsIn({ stderr, stdout }: TestProcess): number {
  return `${stderr}${stdout}`.split("Reloaded server configuration").length;
}

type Fields = Readonly<Record<string, unknown>>;

export interface Visit {
  readonly peer: Peer;
  /** The number of its connection. */
  readonly id: number;
  readonly answer: string;
}

/** What a client hears in answer to its CONNECT and a PING; `fields` may depend on the nonce. */
export async function login(
  t: TestContext,
  port: number,
  fields: Fields | ((nonce: string) => Fields),
): Promise<Visit> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  const info = (await peer.expectLine()).slice("INFO ".length);
  const { nonce, client_id: id } = JSON.parse(info);
  const own = typeof fields === "function" ? fields(nonce) : fields;
  const connect = { verbose: false, pedantic: false, ...own };
  peer.send(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
  return { peer, id, answer: await peer.expect(/(PONG|-ERR .*)\r\n/) };
}

/** What a client is told that comes in, and one that does not. */
export const IN = "PONG\r\n";
export const OUT = "-ERR 'Authorization Violation'\r\n";
