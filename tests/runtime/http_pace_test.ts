/** Long answers over HTTP, and what all of them together may do in a turn. */
import assert from "node:assert/strict";
import { HttpPace } from "../../src/runtime/net/http_pace.ts";
import { serveHttp } from "../../src/runtime/net/http.ts";
import { test } from "../support/test.ts";

const MIB = 1024 * 1024;

test("after some bytes all answers wait for the next turn together", async () => {
  const turns: (() => void)[] = [];
  let nowMs = 100;
  const pace = new HttpPace((run) => turns.push(run), () => nowMs);
  assert.equal(pace.spend(1000), undefined);
  const turn = pace.spend(MIB);
  assert.ok(turn !== undefined);
  assert.equal(pace.spend(1), turn);
  assert.equal(turns.length, 1);
  turns.shift()!();
  await turn;
  assert.equal(pace.spend(1000), undefined);
  assert.equal(turns.length, 0);
  assert.equal(pace.spend(MIB / 4), undefined);
  nowMs += 11;
  assert.equal(pace.spend(MIB / 4), undefined, "what is long ago counts");
});

test("a long text arrives whole, wherever its portions end", async (t) => {
  // Portions end at even places, in the middle of a character of two, and not.
  const texts = ["", "x"].map((shift) =>
    `${shift}${"\u{1F600}".repeat(200_000)}`
  );
  const listener = await serveHttp(
    { host: "127.0.0.1", port: 0 },
    ({ path }) => {
      const text = texts[Number(path.slice(-1))]!;
      return path.startsWith("/stream")
        ? { status: 200, headers: {}, stream: only(text) }
        : { status: 200, headers: {}, body: text };
    },
  );
  t.after(() => listener.close());
  const { host, port } = listener.address;
  for (const path of ["/stream0", "/stream1", "/whole0", "/whole1"]) {
    const answer = await fetch(`http://${host}:${port}${path}`);
    const text = await answer.text();
    assert.ok(text === texts[Number(path.slice(-1))], path);
  }
});

async function* only(text: string): AsyncIterable<string> {
  yield text;
}
