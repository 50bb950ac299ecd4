/** `/connz` in every order that its parameter `sort` knows. */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import { finishNow } from "../../src/http/slices.ts";
import {
  checkSort,
  type ClientMeasures,
  rankOf,
  sortRanked,
  tieOf,
} from "../../src/monitor/connz_sort.ts";
import { test } from "../support/test.ts";

const NOW = 10_000;
const NO_TRAFFIC = { inMsgs: 0, inBytes: 0, outMsgs: 0, outBytes: 0 };

function client(id: number, changes: Partial<ClientMeasures>): ClientMeasures {
  return {
    id,
    startedAt: 0,
    lastActivityAt: 0,
    stoppedAt: undefined,
    reason: undefined,
    rttMs: undefined,
    pendingBytes: 0,
    traffic: NO_TRAFFIC,
    subscriptionCount: 0,
    ...changes,
  };
}

/** For each order: the clients 1 to 4, and their ids in that order. */
const ORDERS: readonly [
  sort: string,
  clients: readonly Partial<ClientMeasures>[],
  order: string,
][] = [
  ["", [{}, {}, {}, {}], "1234"],
  ["cid", [{ startedAt: 4 }, { startedAt: 3 }, {}, {}], "1234"],
  ["start", [{}, {}, {}, {}], "1234"],
  [
    "subs",
    [2, 9, 0, 9].map((subscriptionCount) => ({ subscriptionCount })),
    "2413",
  ],
  [
    "pending",
    [2, 9, 0, 10].map((pendingBytes) => ({ pendingBytes })),
    "4213",
  ],
  [
    "msgs_to",
    [2, 9, 0, 10].map((outMsgs) => ({ traffic: { ...NO_TRAFFIC, outMsgs } })),
    "4213",
  ],
  [
    "msgs_from",
    [2, 9, 0, 10].map((inMsgs) => ({ traffic: { ...NO_TRAFFIC, inMsgs } })),
    "4213",
  ],
  [
    "bytes_to",
    [2, 9, 0, 10].map((outBytes) => ({ traffic: { ...NO_TRAFFIC, outBytes } })),
    "4213",
  ],
  [
    "bytes_from",
    [2, 9, 0, 10].map((inBytes) => ({ traffic: { ...NO_TRAFFIC, inBytes } })),
    "4213",
  ],
  ["last", [5, 7, 6, 7].map((at) => ({ lastActivityAt: at })), "2431"],
  ["idle", [5, 7, 6, 7].map((at) => ({ lastActivityAt: at })), "1324"],
  [
    "uptime",
    [
      { startedAt: 0 },
      { startedAt: 9_000 },
      { startedAt: 0, stoppedAt: 500 },
      { startedAt: 5_000 },
    ],
    "3241",
  ],
  ["stop", [5, 8, 6, 7].map((stoppedAt) => ({ stoppedAt })), "2431"],
  [
    "reason",
    [
      { reason: ClosedReason.WRITE_ERROR },
      { reason: ClosedReason.CLIENT_CLOSED },
      { reason: ClosedReason.PARSE_ERROR },
      { reason: ClosedReason.CLIENT_CLOSED },
    ],
    "2431",
  ],
  ["rtt", [{ rttMs: 0.5 }, {}, { rttMs: 12 }, { rttMs: 3 }], "3412"],
];

for (const [sort, changes, order] of ORDERS) {
  test(`sort=${sort} orders the clients`, () => {
    const clients = changes.map((change, at) => client(at + 1, change));
    for (const list of [clients, clients.toReversed()]) {
      const ranked = list.map((client, position) => ({
        rank: rankOf(client, sort, NOW),
        tie: tieOf(client, sort, position),
        client,
      }));
      const sorted = finishNow(sortRanked(ranked, list.length));
      assert.equal(sorted.map(({ client }) => client.id).join(""), order);
    }
  });
}

test("of equal times the younger client and the later end come first", () => {
  const [one, two] = [client(1, {}), client(2, {})];
  assert.ok(tieOf(two, "uptime", 1) < tieOf(one, "uptime", 0));
  assert.ok(tieOf(one, "stop", 1) < tieOf(two, "stop", 0));
  assert.ok(tieOf(one, "subs", 1) < tieOf(two, "subs", 0));
});

test("stop and reason are orders for closed connections only, all others for any", () => {
  for (const [sort] of ORDERS) {
    checkSort(sort, true);
    if (sort !== "stop" && sort !== "reason") checkSort(sort, false);
    else {
      assert.throws(() => checkSort(sort, false), {
        name: "Refusal",
        message: `sort by ${sort} only valid on closed connections`,
      });
    }
  }
});

test("an unknown order is refused", () => {
  for (const sort of ["zork", "CID", "<b>", "toString", "__proto__"]) {
    assert.throws(() => checkSort(sort, true), {
      name: "Refusal",
      message: `invalid sorting option: ${sort}`,
    });
  }
});
