/** How sockets of the machine end: the table of states, and the reason that is kept. */
import assert from "node:assert/strict";
import type { CloseReason } from "../../src/platform/socket.ts";
import {
  nextStep,
  type SocketAction,
  type SocketEvent,
  type SocketState,
} from "../../src/runtime/net/closing.ts";
import { SocketLife } from "../../src/runtime/net/socket_life.ts";
import { test } from "../support/test.ts";

const STATES: readonly SocketState[] = [
  "open",
  "securing",
  "sending",
  "sendingLast",
  "waiting",
  "closed",
];
const EVENTS: readonly SocketEvent[] = [
  "end",
  "destroy",
  "secure",
  "secured",
  "peerEnded",
  "sent",
  "failed",
  "gone",
  "stuck",
];

const RESET: CloseReason = { kind: "reset", code: "ECONNRESET" };
const CUT_SHORT: CloseReason = {
  kind: "tls",
  detail: "the connection was closed",
};

/** Events in their order, each with the action that it brings about, and the reason at last. */
const LIVES: readonly (readonly [
  string,
  readonly (readonly [SocketEvent, SocketAction])[],
  CloseReason,
])[] = [
  [
    "the owner ends, the peer follows",
    [["end", "finish"], ["sent", "sayEnd"], ["peerEnded", "close"]],
    { kind: "closed" },
  ],
  [
    "the owner ends, and the peer before all is sent",
    [["end", "finish"], ["peerEnded", "nothing"], ["sent", "close"]],
    { kind: "closed" },
  ],
  [
    "the peer ends",
    [["peerEnded", "finish"], ["sent", "close"]],
    { kind: "ended" },
  ],
  [
    "the peer ends, and the system closes by itself",
    [["peerEnded", "finish"], ["gone", "nothing"]],
    { kind: "ended" },
  ],
  ["the owner destroys", [["destroy", "close"]], { kind: "closed" }],
  [
    "the owner ends and loses patience",
    [["end", "finish"], ["end", "nothing"], ["destroy", "close"]],
    { kind: "closed" },
  ],
  ["an error", [["failed", "close"], ["gone", "nothing"]], RESET],
  [
    "an error comes behind the end",
    [["peerEnded", "finish"], ["failed", "close"]],
    { kind: "ended" },
  ],
  [
    "no progress",
    [["end", "finish"], ["sent", "sayEnd"], ["stuck", "close"]],
    { kind: "closed" },
  ],
  [
    "a handshake that works changes nothing",
    [["secure", "nothing"], ["secured", "nothing"], ["peerEnded", "finish"]],
    { kind: "ended" },
  ],
  [
    "the peer ends in a handshake",
    [["secure", "nothing"], ["peerEnded", "close"], ["failed", "nothing"]],
    CUT_SHORT,
  ],
  [
    "the system closes in a handshake",
    [["secure", "nothing"], ["gone", "nothing"]],
    CUT_SHORT,
  ],
  [
    "the owner destroys in a handshake, which fails by that",
    [["secure", "nothing"], ["destroy", "close"], ["failed", "nothing"]],
    { kind: "closed" },
  ],
];

for (const [title, events, reason] of LIVES) {
  test(`the end of a socket: ${title}`, () => {
    const life = new SocketLife({ pendingBytes: 0, stuck: () => {} });
    for (const [event, action] of events) {
      const cause: CloseReason | undefined = event === "failed"
        ? RESET
        : undefined;
      assert.equal(life.after(event, cause), action, event);
    }
    assert.deepEqual(life.reason, reason);
    life.after("destroy");
    assert.ok(life.isClosed);
    assert.deepEqual(life.reason, reason);
  });
}

test("a state ends in few steps, and what is closed stays so", () => {
  for (const state of STATES.filter((one) => one !== "closed")) {
    for (const event of ["destroy", "failed", "gone"] as const) {
      assert.equal(nextStep(state, event)?.to, "closed", `${state} ${event}`);
    }
  }
  for (const event of EVENTS) {
    assert.equal(nextStep("closed", event), undefined);
  }
});

test("each step on the way to an end has a reason, unless there is one", () => {
  const isLiving = (state: SocketState): boolean =>
    state === "open" || state === "securing";
  for (const state of STATES.filter(isLiving)) {
    for (const event of EVENTS) {
      const step = nextStep(state, event);
      if (step === undefined || isLiving(step.to)) continue;
      assert.notEqual(step.reason, undefined, `${state} ${event}`);
    }
  }
});

test("nothing goes back from an end", () => {
  const order = ["sending", "sendingLast", "waiting", "closed"];
  for (const state of STATES.filter((one) => order.includes(one))) {
    for (const event of EVENTS) {
      const step = nextStep(state, event);
      const isOnward = step === undefined ||
        order.indexOf(step.to) > order.indexOf(state);
      assert.ok(isOnward, `${state} ${event}`);
    }
  }
});
