/**
 * Where the official add-on packages are at work: nats-server with JetStream,
 * and a client of Midge's, or the official one, which proves the tests.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as official from "@nats-io/transport-node";
import * as midge from "../../client.ts";
import { startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { natsPrograms } from "./mesh_servers.ts";

/** What both clients are given here. */
export interface ClientOptions {
  readonly servers: string;
  readonly inboxPrefix?: string;
  readonly user?: string;
  readonly pass?: string;
  readonly reconnectTimeWait?: number;
  readonly maxReconnectAttempts?: number;
}

/** One of the two client libraries. */
interface ClientLibrary {
  readonly title: string;
  /** The type is that of Midge's, so that the tests show that the packages take it. */
  connect(options: ClientOptions): Promise<midge.NatsConnection>;
  /** Make headers, of each kind that the client can send. */
  readonly headers: readonly (() => official.MsgHdrs)[];
}

const LIBRARIES: readonly ClientLibrary[] = [
  {
    title: "Midge's client",
    connect: midge.connect,
    headers: [official.headers, midge.headers],
  },
  {
    title: "the official client",
    connect: official.connect as unknown as ClientLibrary["connect"],
    headers: [official.headers],
  },
];

/** The packages follow the newest server. */
const [, newest] = natsPrograms;
const missing = newest!.missing;

export interface Stage {
  readonly t: TestContext;
  /** `host:port` of the server. */
  readonly server: string;
  readonly port: number;
  /** Connects; the connection is closed when the test ends. */
  client(options?: Partial<ClientOptions>): Promise<midge.NatsConnection>;
  readonly headers: ClientLibrary["headers"];
}

/** What a test may want otherwise than usual. */
export interface Setting {
  /** The text of the server's configuration. */
  readonly config?: string;
  /** Default: true. */
  readonly jetstream?: boolean;
}

type Run = (stage: Stage) => Promise<void>;

/** A test with each of the clients, and a server of its own. */
export function check(title: string, run: Run, setting: Setting = {}): void {
  for (const library of LIBRARIES) {
    test(`${library.title}: ${title}`, { skip: missing }, async (t) => {
      const ending: (() => unknown)[] = [];
      t.after(async () => {
        for (const end of ending.reverse()) await end();
      });
      const folder = mkdtempSync(join(tmpdir(), "midge-js-"));
      ending.push(() => rmSync(folder, { recursive: true, force: true }));
      const { config, jetstream = true } = setting;
      const nats = await startNatsServer({
        command: newest!.command,
        flags: jetstream ? ["-js", "-sd", folder] : [],
        ...(config !== undefined && { config }),
      });
      ending.push(() => nats.stop());
      const server = `127.0.0.1:${nats.port}`;
      const client: Stage["client"] = async (options = {}) => {
        const made = await library.connect({ servers: server, ...options });
        ending.push(() => made.close());
        return made;
      };
      const { headers } = library;
      await run({ t, server, port: nats.port, client, headers });
    });
  }
}

/** All that comes, until it ends. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** The first items; reading ends behind them. */
export async function first<T>(
  count: number,
  source: AsyncIterable<T>,
): Promise<T[]> {
  const items: T[] = [];
  if (count === 0) return items;
  for await (const item of source) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}

/** The first item for which this holds. */
export async function found<T>(
  source: AsyncIterable<T>,
  isIt: (item: T) => boolean,
): Promise<T> {
  for await (const item of source) if (isIt(item)) return item;
  throw new Error("It ended without that");
}
