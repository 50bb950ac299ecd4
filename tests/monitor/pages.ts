/**
 * A server whose monitoring pages are read directly, without HTTP, and clients
 * that speak the protocol line by line.
 */
import assert from "node:assert/strict";
import type { ServerPlatform } from "../../src/app/parts.ts";
import { finishNow, type TextPieces } from "../../src/http/slices.ts";
import { printPage } from "../../src/monitor/monitor.ts";
import { WatchedServer } from "../../src/monitor/source/watched_server.ts";
import type { HttpAnswer } from "../../src/platform/http.ts";
import { platform } from "../../src/runtime/mod.ts";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import type { TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

/** One object of a page. */
export type Row = Readonly<Record<string, unknown>>;

export interface Connz extends Row {
  readonly num_connections: number;
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly connections: readonly Row[];
}

export interface Routez extends Row {
  readonly num_routes: number;
  readonly routes: readonly Row[];
}

export interface Subsz extends Row {
  readonly total: number;
  readonly subscriptions_list?: readonly Row[];
}

export class MonitoredMidge {
  readonly watched: WatchedServer;
  readonly port: number;
  readonly clusterPort: number;
  readonly #t: TestContext;

  constructor(
    t: TestContext,
    watched: WatchedServer,
    port: number,
    clusterPort: number,
  ) {
    this.#t = t;
    this.watched = watched;
    this.port = port;
    this.clusterPort = clusterPort;
  }

  /** Asks for a page, like "connz?sort=cid". */
  ask(page: string): HttpAnswer {
    const { pathname, searchParams } = new URL(`http://midge/${page}`);
    const { status, headers, text } = finishNow(printPage(this.watched, {
      method: "GET",
      path: pathname,
      query: searchParams,
    }));
    return { status, headers, body: wholeText(text) };
  }

  /** The page's object; fails when it is refused. */
  page<T extends Row = Row>(page: string): T {
    const { status, body } = this.ask(page);
    assert.equal(status, 200, `${page}: ${body}`);
    return JSON.parse(body);
  }

  /** The text with which a page is refused. */
  refusal(page: string): string {
    const { status, headers, body } = this.ask(page);
    assert.equal(status, 400, `${page}: ${body}`);
    assert.equal(headers["Content-Type"], "text/plain; charset=utf-8");
    return body;
  }

  connz(query: string = ""): Connz {
    return this.page<Connz>(`connz?${query}`);
  }

  /** The ids that `/connz` lists, in its order. */
  cids(query: string): unknown[] {
    return this.connz(query).connections.map(({ cid }) => cid);
  }

  /** A client that is logged in; it is closed with the test. */
  async client(fields: Row = {}): Promise<Peer> {
    const peer = await connectPeer({ port: this.port });
    this.#t.after(() => peer.close());
    await peer.handshake(fields);
    return peer;
  }

  /** Sends `lines` for `peer` and waits until they were handled. */
  async say(peer: Peer, lines: string): Promise<void> {
    peer.send(`${lines}PING\r\n`);
    await peer.expect("PONG\r\n");
  }

  /** Closes a client and waits until the server knows. */
  async leave(peer: Peer): Promise<void> {
    const { closed } = this.watched.broker.clients;
    const before = closed.total;
    await peer.close();
    await until(
      "the end of the client",
      () => closed.total > before,
    );
  }
}

/** Starts a server whose pages are asked without HTTP; it ends with the test. */
export async function startMonitored(
  t: TestContext,
  options: TestOptions = {},
  changes: Partial<ServerPlatform> = {},
): Promise<MonitoredMidge> {
  const { server, port, clusterPort } = await startMidge(t, options, changes);
  const watched = new WatchedServer(
    server.broker,
    server.cluster,
    { ...platform, ...changes },
    { host: "127.0.0.1", port: 8222 },
  );
  return new MonitoredMidge(t, watched, port, clusterPort);
}

/** All pieces of a text as one. */
export function wholeText(pieces: TextPieces): string {
  let text = "";
  let step = pieces.next();
  for (; !step.done; step = pieces.next()) text += step.value;
  return text + step.value;
}
