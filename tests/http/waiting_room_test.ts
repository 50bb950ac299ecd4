/** How many may wait at one time. */
import assert from "node:assert/strict";
import { Refusal } from "../../src/http/refusal.ts";
import { WaitingRoom } from "../../src/http/waiting_room.ts";
import { test } from "../support/test.ts";

function from(port: number): { host: string; port: number } {
  return { host: "127.0.0.1", port };
}

/** What is refused, as `status at`; empty for a client that may wait. */
function refusal(room: WaitingRoom, port: number): string {
  try {
    room.enter(from(port))();
    return "";
  } catch (error) {
    assert.ok(error instanceof Refusal);
    assert.equal(error.headers["Retry-After"], "5");
    return `${error.status} ${error.at}`;
  }
}

test("a place is taken until it is left, and left once", () => {
  const room = new WaitingRoom({ inAll: 3, perConnection: 2 }, "the room");
  const leave = [room.enter(from(1)), room.enter(from(1)), room.enter(from(2))];
  assert.equal(room.count, 3);
  assert.equal(refusal(room, 1), "429 connection");
  assert.equal(refusal(room, 3), "503 the room");
  leave[0]!();
  leave[0]!();
  assert.equal(room.count, 2);
  assert.equal(refusal(room, 1), "");
  assert.equal(refusal(room, 3), "");
  for (const each of leave) each();
  assert.equal(room.count, 0);
});
