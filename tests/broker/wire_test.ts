/** The rows of `wire_rows.ts`, against Midge and against the real nats-server. */
import assert from "node:assert/strict";
import type { ServerInfo } from "../../src/wire/info.ts";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  type SetupName,
  SETUPS,
  WIRE_ROWS,
  type WireRow,
} from "./wire_rows.ts";

/** Ends a connection that is still alive, on every server. */
const PROBE = "PUB probe 999999999\r\n";
const PROBE_ANSWER = "-ERR 'Maximum Payload Violation'\r\n";

/** What a client heard, and by which number the server knew it. */
interface Heard {
  readonly text: string;
  readonly clientId: number;
}

for (const row of WIRE_ROWS) {
  test(`midge: ${row.name}`, async (t) => {
    const { options } = SETUPS[row.setup ?? "plain"];
    const { server, port } = await startMidge(t, options);
    const { text } = await play(row, port);
    assert.equal(inOrder(row, text), inOrder(row, expected(row)));
    const [closed] = server.broker.clients.closed.list();
    if (row.closed !== undefined) assert.equal(closed?.reason, row.closed);
  });
}

for (const setup of Object.keys(SETUPS) as SetupName[]) {
  test(
    `nats-server answers every row as recorded, with the setup "${setup}"`,
    { skip: modelMissing },
    async (t) => {
      const { config } = SETUPS[setup];
      const flags = ["-m", "-1"];
      const server = await startNatsServer({
        config,
        flags,
        command: newestNatsServer,
      });
      t.after(() => server.stop());
      const rows = WIRE_ROWS.filter((row) => (row.setup ?? "plain") === setup);
      const heard = new Map<WireRow, Heard>();
      for (const row of rows) heard.set(row, await play(row, server.port));
      const closedIds = rows.filter((row) => row.closed !== undefined)
        .map((row) => heard.get(row)!.clientId);
      const reasons = await closedReasons(server.process.stderr, closedIds);
      const found = rows.map((row) => {
        const { text, clientId } = heard.get(row)!;
        return resultLine(row, text, row.closed && reasons.get(clientId));
      });
      const wanted = rows.map((row) =>
        resultLine(row, expected(row), row.closed)
      );
      assert.deepEqual(found, wanted);
    },
  );
}

async function play(row: WireRow, port: number): Promise<Heard> {
  await using peer = await connectPeer({ port });
  const line = await peer.expectLine();
  const info: Partial<ServerInfo> = JSON.parse(line.replace(/^INFO /, ""));
  peer.send(row.closed === undefined ? row.send + PROBE : row.send);
  const text = await peer.expectClosed();
  return { text, clientId: info.client_id ?? 0 };
}

function expected({ expect, closed }: WireRow): string {
  return closed === undefined ? expect + PROBE_ANSWER : expect;
}

function inOrder(row: WireRow, text: string): string {
  return row.anyOrder ? text.split("\r\n").toSorted().join("\r\n") : text;
}

/** One row's result in a form that `assert.deepEqual` shows well. */
function resultLine(row: WireRow, text: string, reason: string = ""): string {
  return `${row.name} | ${JSON.stringify(inOrder(row, text))} | ${reason}`;
}

/** Why nats-server ended the connections `ids`, which it notes a little after their end. */
async function closedReasons(
  log: string,
  ids: readonly number[],
): Promise<Map<number, string>> {
  const at = /Starting http monitor on (\S+)/.exec(log)?.[1];
  const url = `http://${at}/connz?state=closed&limit=10000`;
  let reasons = new Map<number, string>();
  await until("nats-server's list of closed connections", async () => {
    const { connections } = await (await fetch(url)).json();
    reasons = new Map(
      connections.map((connection: { cid: number; reason: string }) => [
        connection.cid,
        connection.reason,
      ]),
    );
    return ids.every((id) => reasons.has(id));
  });
  return reasons;
}
