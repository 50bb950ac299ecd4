/**
 * Other servers of a cluster, played by hand over real sockets, and what the
 * tests of routes wait for. A route peer is a `Peer` whose CONNECT and INFO are
 * those of a server.
 */
import { Kind, kindBit } from "../../src/accounts/reach.ts";
import assert from "node:assert/strict";
import type { RunningCluster } from "../../src/faces/cluster.ts";
import {
  connectPeer,
  listenForPeers,
  type Peer,
  type PeerListener,
} from "../support/peer.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";
import type { Cleanup } from "../support/temp.ts";
import { until } from "../support/until.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the played server says of itself, besides the defaults. */
export interface Introduction {
  readonly id?: string;
  readonly connect?: Fields;
  readonly info?: Fields;
}

/** The id of a played server that leaves the choice between two connections to Midge's. */
export const LAST_ID = "ZZ-PEER";
/** The id of a played server whose choice counts. */
export const FIRST_ID = "0-PEER";

export function connectText({ id = LAST_ID, connect }: Introduction): string {
  const fields = {
    echo: true,
    verbose: false,
    pedantic: false,
    tls_required: false,
    headers: true,
    name: id,
    cluster: "test",
    ...connect,
  };
  return `CONNECT ${JSON.stringify(fields)}\r\n`;
}

export function infoText({ id = LAST_ID, info }: Introduction): string {
  const fields = {
    server_id: id,
    server_name: id,
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port: 0,
    headers: true,
    max_payload: 1_048_576,
    cluster: "test",
    ...info,
  };
  return `INFO ${JSON.stringify(fields)} \r\n`;
}

/** Dials a server's route port and reads its INFO, nothing more. */
export async function knock(t: Cleanup, midge: TestServer): Promise<Peer> {
  const peer = await connectPeer({ port: midge.clusterPort });
  t.after(() => peer.close());
  peer.info = parseInfo(await peer.expectLine());
  return peer;
}

/** A route peer, and what it was told when its route was registered. */
export interface Joined {
  readonly peer: Peer;
  readonly lines: readonly string[];
}

/** Dials a server's route port and becomes a member of its cluster. */
export async function join(
  t: Cleanup,
  midge: TestServer,
  introduction: Introduction = {},
): Promise<Joined> {
  const peer = await knock(t, midge);
  peer.send(connectText(introduction) + infoText(introduction));
  return { peer, lines: await roundTrip(peer) };
}

/** One server with a client and a route. */
export interface Setting {
  readonly midge: TestServer;
  readonly client: Peer;
  readonly peer: Peer;
}

export async function setting(t: TestContext): Promise<Setting> {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  return { midge, client, peer };
}

/** A port at which servers dial the test. */
export async function listen(t: Cleanup): Promise<PeerListener> {
  const listener = await listenForPeers();
  t.after(() => listener.close());
  return listener;
}

/** Takes a server's call, CONNECT and INFO; answers with INFO only. */
export async function welcome(
  listener: PeerListener,
  introduction: Introduction = {},
): Promise<Joined & { readonly connect: Fields }> {
  const peer = await listener.accept();
  const connect = parseJson("CONNECT", await peer.expectLine());
  peer.info = parseInfo(await peer.expectLine());
  peer.send(infoText(introduction));
  return { peer, connect, lines: await roundTrip(peer) };
}

/** The next line that is not a PING, which may come at any time. */
export async function lineOf(peer: Peer): Promise<string> {
  for (;;) {
    const line = await peer.expectLine();
    if (line !== "PING") return line;
  }
}

/** The INFO that is the next line. */
export async function nextInfo(peer: Peer): Promise<Fields> {
  return parseInfo(await lineOf(peer));
}

/** Waits until all that was sent before has been handled; gives the lines that came. */
export async function roundTrip(peer: Peer): Promise<string[]> {
  peer.send("PING\r\n");
  const text = await peer.expect("PONG\r\n");
  return text.split("\r\n").filter((line) =>
    !["", "PING", "PONG"].includes(line)
  );
}

/** A client with everything on that a client can have on. */
export async function connectClient(
  t: Cleanup,
  { port }: { readonly port: number },
  fields: Fields = {},
): Promise<Peer> {
  const client = await connectPeer({ port });
  t.after(() => client.close());
  await client.handshake({
    protocol: 1,
    headers: true,
    no_responders: true,
    ...fields,
  });
  return client;
}

/** A client like that of one node of the test kit's cluster. */
export function clientOf(
  t: Cleanup,
  cluster: RunningCluster,
  node: number,
): Promise<Peer> {
  const { port } = new URL(cluster.urls[node]!);
  return connectClient(t, { port: Number(port) });
}

/** Sends and waits until it was handled; the answer must be nothing but PONG, and news of the cluster. */
export async function tell(peer: Peer, text: string): Promise<void> {
  peer.send(text);
  const lines = await roundTrip(peer);
  assert.deepEqual(lines.filter((line) => !line.startsWith("INFO ")), []);
}

/** Waits until each server has a route to every other one. */
export async function meshed(servers: readonly TestServer[]): Promise<void> {
  const others = servers.length - 1;
  await until(
    "full mesh",
    () => servers.every((midge) => routeCount(midge) === others),
  );
}

/** Waits for a line of a server's log. */
export async function logged(midge: TestServer, text: string): Promise<void> {
  await until(
    `"${text}" in\n${midge.log.lines.join("\n")}`,
    () => midge.log.lines.some((line) => line.includes(text)),
  );
}

/** Waits until a server hears of `count` interests, its own clients' included, and no services of other accounts. */
export async function interests(
  { server }: Pick<TestServer, "server">,
  count: number,
): Promise<void> {
  const { sublist } = server.broker.host.accounts.global;
  const services = kindBit(Kind.IMPORT);
  const isThere = (): boolean => {
    let known = 0;
    // There may be 100,000 of them, and they are asked for all the time.
    if (sublist.size < count) return false;
    for (const { kindBit } of sublist) {
      if (kindBit !== services && ++known > count) return false;
    }
    return known === count;
  };
  await until(`${count} interests`, isThere);
}

export function routeCount({ server }: TestServer): number {
  return server.cluster!.routes.size;
}

/** The address of a server's route port, as another one's configured route. */
export function routeTo(midge: TestServer): { host: string; port: number } {
  return { host: "127.0.0.1", port: midge.clusterPort };
}

export function parseInfo(line: string): Fields {
  return parseJson("INFO", line);
}

function parseJson(verb: string, line: string): Fields {
  assert.ok(line.startsWith(`${verb} {`), `${verb} was expected, not ${line}`);
  return JSON.parse(line.slice(verb.length));
}

/** Lines that only a mistake of ours can make. */
export function internalErrors(midge: TestServer): string[] {
  return midge.log.lines.filter((line) => line.includes("Internal error"));
}
