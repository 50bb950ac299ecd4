/** A server of this process whose configuration file the test rewrites. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/core/entry_log.ts";
import type { Server } from "../../src/app/server.ts";
import { startServer } from "../../src/app/start_server.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import type { TestContext } from "../support/test.ts";

export class ReloadableServer {
  readonly server: Server;
  readonly log: readonly LogEntry[];
  readonly #path: string;
  readonly #t: TestContext;

  constructor(
    t: TestContext,
    path: string,
    server: Server,
    log: readonly LogEntry[],
  ) {
    this.#t = t;
    this.#path = path;
    this.server = server;
    this.log = log;
  }

  /** What the log has told of it, without the lines of connections. */
  get told(): string[] {
    return this.log.filter(({ level }) => level !== "debug")
      .map(({ text }) => text);
  }

  /** Has the file say `text`, and the server read it again. */
  async reload(text: string): Promise<void> {
    writeFileSync(this.#path, inLoopback(text));
    await this.server.reload();
  }

  /** A client that has read INFO and sent nothing. */
  async peer(): Promise<Peer> {
    const { port } = this.server.address!;
    const peer = await connectPeer({ port });
    this.#t.after(() => peer.close());
    return peer;
  }

  /** A client that has logged in with these fields. */
  async login(fields: Readonly<Record<string, unknown>> = {}): Promise<Peer> {
    const peer = await this.peer();
    await peer.handshake(fields);
    return peer;
  }
}

/** Starts a server with a file that says `text`; its port is any free one. */
export async function startReloadable(
  t: TestContext,
  text: string,
): Promise<ReloadableServer> {
  const path = join(temporaryFolder(t), "midge.conf");
  writeFileSync(path, inLoopback(text));
  const log: LogEntry[] = [];
  const server = await startServer(
    { include: path },
    (entry) => log.push(entry),
  );
  t.after(() => server.stop());
  return new ReloadableServer(t, path, server, log);
}

function inLoopback(text: string): string {
  return `listen: "127.0.0.1:-1"\n${text}`;
}
