/**
 * What a broken or hostile peer may send, in each state of a route: it costs
 * that peer its connection at most, and other connections nothing.
 */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  internalErrors,
  join,
  LAST_ID,
  roundTrip,
  tell,
} from "./route_peer.ts";

const UNKNOWN = "-ERR 'Unknown Protocol Operation'\r\n";

/** Lines on a registered route, and the last words of the server that closes it. */
const CLOSING = [
  ["RS+ foo", ""],
  ["RS+ $G foo q", ""],
  ["RS+ $G foo q 1 2", ""],
  ["RS+ \t ", ""],
  ["RS+", UNKNOWN],
  ["RS+$G foo", UNKNOWN],
  ["RS- foo", ""],
  ["RS- $G foo q 1", ""],
  ["RMSG $G foo", ""],
  ["RMSG $G 2", ""],
  ["RMSG 2", ""],
  ["RMSG", UNKNOWN],
  ["RMSG $G foo x", ""],
  ["RMSG $G foo -1", ""],
  ["RMSG $G foo +1", ""],
  ["RMSG $G foo 0x1", ""],
  ["RMSG $G foo 1e3", ""],
  ["RMSG $G foo 99999999999999999999", ""],
  ["RMSG $G foo rep q 2", ""],
  ["RMSG $G foo ++ rep q 2", ""],
  ["RMSG $G foo |q q 2", ""],
  ["RMSG $G foo 2\r\nhi!\r", UNKNOWN],
  ["HMSG $G foo 12", ""],
  ["HMSG $G foo 3 2", ""],
  ["HMSG $G foo -1 2", ""],
  ["HMSG $G foo rep q 0 2", ""],
  ["MSG foo 1 2", UNKNOWN],
  ["HPUB foo 0 0", UNKNOWN],
  ["PUB foo", ""],
  ["LMSG origin $G foo 0 2", UNKNOWN],
  ["CONNECT {", ""],
  ['CONNECT {"verbose":"yes"}', ""],
  ["CONNECT []", ""],
  ["INFO {", ""],
  ["INFO null", ""],
  ["INFO {}", ""],
  ["SUB", UNKNOWN],
  ["FOO", UNKNOWN],
  ["\r\n", UNKNOWN],
  ["UNSUB 1", ""],
  ["LS+ $G foo", ""],
  ["LS+ origin $G foo q", ""],
  ["\0", UNKNOWN],
] as const;

for (const [line, lastWords] of CLOSING) {
  test(`${JSON.stringify(line)} costs a route its connection`, async (t) => {
    const midge = await startMidge(t, { cluster: {} });
    const other = await join(t, midge, { id: "OTHER" });
    const client = await connectClient(t, midge);
    const { peer } = await join(t, midge);
    peer.send(`${line}\r\n`);
    const text = await peer.expectClosed();
    assert.equal(text.replace("PING\r\n", ""), lastWords);
    await tell(other.peer, "RS+ $G foo\r\n");
    await tell(client, "PUB foo 2\r\nhi\r\n");
    await other.peer.expect("RMSG $G foo 2\r\nhi\r\n");
  });
}

/** Lines that are odd and do no harm, and what is answered. */
const HARMLESS = [
  ["RS+ $G bad..subject", ["-ERR 'Invalid Subscription'"]],
  ["RS+ $G .", ["-ERR 'Invalid Subscription'"]],
  ["RS+ $G foo.>.bar", ["-ERR 'Invalid Subscription'"]],
  ["RS+ $G bad.. q 1", ["-ERR 'Invalid Subscription'"]],
  ["RS+ $G foo q x", []],
  ["RS+ $G foo q -1", []],
  ["RS+ $G foo q 999999999999", []],
  ["RS+ NOBODY foo", []],
  ["RS+ NOBODY bad..subject", ["-ERR 'Invalid Subscription'"]],
  ["RS- $G never", []],
  ["RS- $G bad..subject", []],
  ["RS- NOBODY foo q", []],
  ["rs+ \t$G   foo ", []],
  ["RMSG $G foo 2\r\nhi", []],
  ["RMSG $G foo.> 2\r\nhi", []],
  ["RMSG $G bad..subject 2\r\nhi", []],
  ["RMSG $G foo | 2\r\nhi", []],
  ["RMSG $G foo + 2\r\nhi", []],
  ["RMSG $G foo | q q q 2\r\nhi", []],
  ["RMSG NOBODY foo 2\r\nhi", []],
  ["HMSG $G foo 0 2\r\nhi", []],
  ["HMSG $G foo 2 2\r\nhi", []],
  ["SUB foo 1", []],
  ["UNSUB $G never", []],
  ["PUB foo 2\r\nhi", []],
  ["LS+ origin $G foo", []],
  ["LS+ origin $G foo q 1", []],
  ["LS- $G foo", []],
  ["A+ $G", []],
  ["A- $G", []],
  ["+OK", []],
  ["PONG", []],
  ["PONG", []],
  ['INFO {"server_id":"X"}', []],
  ['INFO {"server_id":"X","ip":"nats-route://"}', []],
  ['INFO {"server_id":"X","ip":"http://x:y:z/"}', []],
  ['INFO {"server_id":"X","ip":"nats-route://127.0.0.1:0/"}', []],
  ['INFO {"server_id":7,"connect_urls":[1,{},null],"ip":{}}', undefined],
] as const;

test("odd lines that do no harm", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  for (const [index, [line, answer]] of HARMLESS.entries()) {
    const { peer } = await join(t, midge, { id: `${LAST_ID}-${index}` });
    peer.send(`${line}\r\n`);
    if (answer === undefined) assert.equal(await peer.expectClosed(), "");
    else assert.deepEqual(await roundTrip(peer), answer, line);
    await tell(client, "PUB other 2\r\nhi\r\n");
    await peer.close();
  }
  assert.deepEqual(internalErrors(midge), []);
});

test("a line may be long on a route, but not without a limit", async (t) => {
  const midge = await startMidge(t, { maxControlLineBytes: 1024, cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  const subject = "x".repeat(5000);
  await tell(peer, `RS+ $G ${subject}\r\nRS+ $G foo\r\n`);
  await tell(client, "PUB foo 2\r\nhi\r\n");
  await peer.expect("RMSG $G foo 2\r\nhi\r\n");
  peer.send(`RS+ $G ${"x".repeat(20_000)}`);
  assert.equal(
    await peer.expectClosed(),
    "-ERR 'maximum control line exceeded'\r\n",
  );
});

// nats-server would take such a message apart, and might end the route for it.
test("GHSA-qrcv: a message with a CR in its words stays on its server", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G >\r\n");
  client.send(
    "PUB a\rRS+ 2\r\nhi\r\nPUB b r\rRS+\r 2\r\nhi\r\nPUB c 2\r\nho\r\n",
  );
  const text = await peer.expect("ho\r\n");
  assert.equal(text, "RMSG $G c 2\r\nho\r\n");
});
