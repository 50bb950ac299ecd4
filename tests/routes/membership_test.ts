/**
 * The table of membership: every stage with every event, and two nodes that
 * dial each other, in every order in which things can happen.
 */
import assert from "node:assert/strict";
import {
  type Cause,
  type Membership,
  type MembershipEvent,
  type MembershipFacts,
  type Move,
  type Stage,
  step,
} from "../../src/routes/membership.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import {
  deliveriesIn,
  happen,
  type Happening,
  happeningsIn,
  isRegistered,
  type PaperNode,
  type PaperWorld,
  timersIn,
} from "./membership_model.ts";
import { test } from "../support/test.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const STAGES: readonly Stage[] = [
  "fresh",
  "introduced",
  "awaiting",
  "duplicate",
  "registered",
  "ended",
];

const EVENTS: readonly MembershipEvent[] = [
  "connect",
  "info",
  "elsewhere",
  "pong",
  "used",
  "other answered",
  "waited",
  "superseded",
  "inherited",
  "renamed",
  "settled",
  "closed",
];

/** A peer that this node dialled, with the same cluster name, and nothing in its way. */
const PLAIN: MembershipFacts = {
  isDialled: true,
  isSelf: false,
  isNamesake: false,
  wantsCredentials: false,
  hasOther: false,
  otherLives: false,
  choosesHere: false,
  cluster: "same",
};

const REGISTER = "registered: register, rest dialers, tell others";
const ASK = "awaiting: ask for acceptance";
const SUPERSEDE = "introduced: supersede others";
const ASK_OTHER = "duplicate: ask other";
const DUPLICATE = "ended: close duplicate, leave";
const LEFT = "ended: leave";
const GAVE_WAY = "ended: close superseded, leave";

/** What comes of a peer's INFO, wherever it is looked at. */
const VERDICTS: readonly [Partial<MembershipFacts>, string][] = [
  [{}, REGISTER],
  [{ isDialled: false, wantsCredentials: true }, REGISTER],
  [{ isSelf: true }, "ended: drop dialers, close self, leave"],
  [{ isNamesake: true }, REGISTER],
  [{ isNamesake: true, isDialled: false }, "ended: close namesake, leave"],
  [
    { cluster: "conflict" },
    "ended: drop found dialers, close foreign, leave",
  ],
  [{ cluster: "adopt" }, "introduced: adopt name"],
  [{ cluster: "yields" }, REGISTER],
  [
    { wantsCredentials: true, isSelf: true },
    "ended: drop dialers, close self, leave",
  ],
];

/** What comes of them while the peer has not shown that it took our credentials. */
const UNACCEPTED: typeof VERDICTS = [
  ...VERDICTS,
  [{ wantsCredentials: true }, ASK],
  [{ wantsCredentials: true, cluster: "yields" }, ASK],
];

/** What comes of them once it has. */
const ACCEPTED: typeof VERDICTS = [
  ...VERDICTS,
  [{ wantsCredentials: true }, REGISTER],
];

const SECOND: typeof VERDICTS = [
  [{ hasOther: true }, ASK_OTHER],
  [{ hasOther: true, choosesHere: true }, ASK_OTHER],
];
const STILL_SECOND: typeof VERDICTS = [
  [{ hasOther: true }, "duplicate"],
  [{ hasOther: true, choosesHere: true }, "duplicate"],
];

function connects(stage: Stage): typeof VERDICTS {
  const left = stage === "registered" ? "unregister, leave" : "leave";
  return [
    [{}, stage],
    [{ cluster: "adopt" }, `${stage}: adopt name`],
    [{ cluster: "yields" }, `ended: close refused, ${left}`],
    [{ cluster: "conflict" }, `ended: close refused, ${left}`],
  ];
}

const SILENCE: typeof VERDICTS = [
  [{}, SUPERSEDE],
  [{ hasOther: true }, SUPERSEDE],
  [{ hasOther: true, choosesHere: true }, SUPERSEDE],
  [{ hasOther: true, otherLives: true }, DUPLICATE],
  [{ hasOther: true, otherLives: true, choosesHere: true }, DUPLICATE],
];

/** For each stage and event what comes of which facts; what is missing changes nothing. */
const EXPECTED: Readonly<
  Record<Stage, Partial<Record<MembershipEvent, typeof VERDICTS>>>
> = {
  fresh: {
    connect: connects("fresh"),
    info: [...UNACCEPTED, ...SECOND],
    elsewhere: [
      [{}, "ended: drop found dialers, close elsewhere, leave"],
    ],
    closed: [[{}, LEFT]],
  },
  introduced: {
    settled: [...UNACCEPTED, ...SECOND],
    inherited: [...UNACCEPTED, ...SECOND],
    superseded: [[{}, GAVE_WAY]],
    closed: [[{}, LEFT]],
  },
  awaiting: {
    connect: connects("awaiting"),
    pong: [...ACCEPTED, ...SECOND],
    used: [...ACCEPTED, ...SECOND],
    inherited: [...UNACCEPTED, ...SECOND],
    superseded: [[{}, GAVE_WAY]],
    closed: [[{}, LEFT]],
  },
  duplicate: {
    connect: connects("duplicate"),
    pong: [...ACCEPTED, ...STILL_SECOND],
    used: [...ACCEPTED, ...STILL_SECOND],
    "other answered": [
      [{ hasOther: true }, "duplicate"],
      [{ hasOther: true, choosesHere: true }, DUPLICATE],
    ],
    waited: SILENCE,
    inherited: [...UNACCEPTED, ...STILL_SECOND],
    superseded: [[{}, GAVE_WAY]],
    closed: [[{}, LEFT]],
  },
  registered: {
    connect: connects("registered"),
    inherited: [[{}, "registered: rest dialers"]],
    superseded: [[{}, "ended: close superseded, unregister, leave"]],
    renamed: [[{}, "ended: close renamed, unregister, leave"]],
    closed: [[{}, "ended: unregister, leave"]],
  },
  ended: {},
};

for (const stage of STAGES) {
  for (const event of EVENTS) {
    test(`${stage}, then ${event}`, () => {
      const rows = EXPECTED[stage][event] ?? [[{}, stage]];
      for (const [difference, expected] of rows) {
        const facts = { ...PLAIN, ...difference };
        const move = step({ stage, isAccepted: false }, event, facts);
        assert.equal(textOf(move), expected, JSON.stringify(difference));
      }
    });
  }
}

function textOf({ next, actions }: Move): string {
  const texts = actions.map((action) =>
    typeof action === "object" ? `close ${action.close}` : action
  );
  return [next.stage, texts.join(", ")].filter((text) => text !== "")
    .join(": ");
}

test("a sign of acceptance is remembered until the verdict", () => {
  const wants = { ...PLAIN, wantsCredentials: true };
  const second = { ...wants, hasOther: true };
  const duplicate = { stage: "duplicate", isAccepted: false } as const;
  const answered = step(duplicate, "pong", second).next;
  assert.deepEqual(answered, { stage: "duplicate", isAccepted: true });
  assert.equal(step(answered, "inherited", wants).next.stage, "registered");
  const used = step(duplicate, "used", second).next;
  assert.equal(step(used, "inherited", wants).next.stage, "registered");
});

test("whatever the facts, moves keep to the rules of all moves", () => {
  for (const [now, event, facts] of allInputs()) {
    const move = step(now, event, facts);
    const text = `${JSON.stringify([now, event, facts])}: ${textOf(move)}`;
    assertLeavesOnce(now, event, move, text);
    assertRegistersOnce(now, facts, move, text);
    assertSettles(event, move, text);
  }
});

function* allInputs(): Iterable<
  [Membership, MembershipEvent, MembershipFacts]
> {
  for (const stage of STAGES) {
    for (const isAccepted of [false, true]) {
      for (const event of EVENTS) {
        for (const facts of allFacts()) {
          yield [{ stage, isAccepted }, event, facts];
        }
      }
    }
  }
}

function* allFacts(): Iterable<MembershipFacts> {
  for (const cluster of ["same", "adopt", "yields", "conflict"] as const) {
    for (let bits = 0; bits < 128; bits++) {
      yield {
        isDialled: (bits & 1) > 0,
        isSelf: (bits & 2) > 0,
        isNamesake: (bits & 4) > 0,
        wantsCredentials: (bits & 8) > 0,
        hasOther: (bits & 16) > 0,
        choosesHere: (bits & 32) > 0,
        otherLives: (bits & 64) > 0,
        cluster,
      };
    }
  }
}

/** What ends leaves, once and last; this node closes it unless it was closed. */
function assertLeavesOnce(
  { stage }: Membership,
  event: MembershipEvent,
  { next, actions }: Move,
  text: string,
): void {
  const isEnd = stage !== "ended" && next.stage === "ended";
  assert.equal(actions.includes("leave"), isEnd, text);
  assert.equal(
    actions.includes("unregister"),
    isEnd && stage === "registered",
    text,
  );
  assert.equal(
    causesIn(actions).length === 1,
    isEnd && event !== "closed",
    text,
  );
  if (isEnd) assert.equal(actions.at(-1), "leave", text);
  if (stage === "ended") assert.equal(textOf({ next, actions }), "ended", text);
}

function causesIn(actions: Move["actions"]): Cause[] {
  return actions.flatMap((action) =>
    typeof action === "object" ? [action.close] : []
  );
}

/** A route is registered on its way in, never beside another one, and never over an objection. */
function assertRegistersOnce(
  { stage }: Membership,
  facts: MembershipFacts,
  { next, actions }: Move,
  text: string,
): void {
  const isNew = stage !== "registered" && next.stage === "registered";
  assert.equal(actions.includes("register"), isNew, text);
  if (!isNew) return;
  assert.ok(!facts.hasOther && !facts.isSelf, text);
  assert.ok(["same", "yields"].includes(facts.cluster), text);
}

/** A connection waits in `introduced` for `settled`, and for nothing else. */
function assertSettles(
  event: MembershipEvent,
  { next, actions }: Move,
  text: string,
): void {
  const setsOff = actions.includes("adopt name") ||
    actions.includes("supersede others");
  if (setsOff) assert.equal(actions.length, 1, text);
  const waits = next.stage === "introduced" && actions.length > 0;
  assert.equal(setsOff && event !== "connect", waits, text);
}

const ONE: PaperNode = {
  id: "A",
  wantsCredentials: false,
  isInterested: false,
  cluster: { name: "test", dynamic: false },
};
const TWO: PaperNode = { ...ONE, id: "B" };

/** Every combination of who wants credentials and who is interested. */
function* pairs(): Iterable<[PaperNode, PaperNode]> {
  for (let bits = 0; bits < 16; bits++) {
    const [one, two] = [bits, bits >> 2].map((bits) => ({
      wantsCredentials: (bits & 1) > 0,
      isInterested: (bits & 2) > 0,
    }));
    yield [{ ...ONE, ...one }, { ...TWO, ...two }];
  }
}

function describe(nodes: readonly PaperNode[]): string {
  return nodes.map(({ id, wantsCredentials, isInterested }) =>
    id + (wantsCredentials ? " wants credentials" : "") +
    (isInterested ? " is interested" : "")
  ).join(", ");
}

/** Ends in every way in which `world` can go on, each once. */
function outcomesOf(start: PaperWorld): PaperWorld[] {
  const seen = new Set<string>();
  const outcomes: PaperWorld[] = [];
  const open = [start];
  for (let world = open.pop(); world; world = open.pop()) {
    assertOneAtMost(world);
    const happenings = happeningsIn(world);
    if (isQuiet(world)) assertOneRoute(world);
    if (happenings.length === 0) outcomes.push(world);
    for (const happening of happenings) {
      const next = structuredClone(world);
      happen(next, happening);
      const key = keyOf(next);
      if (!seen.has(key)) open.push(next);
      seen.add(key);
    }
  }
  return outcomes;
}

/** Nothing is under way; at most a node waits, for the peer's choice or to dial again. */
function isQuiet(world: PaperWorld): boolean {
  return world.dials.length === 0 && deliveriesIn(world).length === 0;
}

/** What can still matter: a connection that is closed at both ends does not. */
function keyOf({ nodes, ends, dials, redials }: PaperWorld): string {
  const open = ends.map((end, at) =>
    end.isOpen || ends[at ^ 1]!.isOpen ? end : 0
  );
  return JSON.stringify([nodes, open.filter((end) => end), dials, redials]);
}

function assertOneAtMost({ ends }: PaperWorld): void {
  for (const node of [0, 1]) {
    const routes = ends.filter((end) => end.node === node && isRegistered(end));
    assert.ok(routes.length <= 1, `${routes.length} routes at once`);
  }
}

/** One connection is a route, at both ends. */
function assertOneRoute({ ends }: PaperWorld, text: string = ""): void {
  const registered = [...ends.keys()].filter((at) => isRegistered(ends[at]!));
  assert.equal(registered.length, 2, `${text} ${JSON.stringify(ends)}`);
  assert.equal(registered[0]! >> 1, registered[1]! >> 1, text);
}

/** Besides, all other connections are closed, and no node dials. */
function assertSettled(world: PaperWorld, text: string): void {
  const { ends, dials, redials } = world;
  assertOneRoute(world, text);
  assert.equal(ends.filter(({ isOpen }) => isOpen).length, 2, text);
  assert.deepEqual([...dials, ...redials], [], text);
}

for (const dials of [[0], [0, 1], [0, 0], [1, 1]]) {
  const who = dials.map((node) => "AB"[node]).join(" and ");
  test(`one route remains when ${who} dial at once, in any order`, () => {
    for (const nodes of pairs()) {
      const outcomes = outcomesOf({ nodes, ends: [], dials, redials: [] });
      assert.ok(outcomes.length > 0);
      for (const outcome of outcomes) assertSettled(outcome, describe(nodes));
    }
  });
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[randomBelow(random, items.length)]!;
}

const NAMES = [
  { name: "C1", dynamic: false },
  { name: "D1", dynamic: true },
  { name: "D2", dynamic: true },
];

function randomPair(random: Random): [PaperNode, PaperNode] {
  const [one, two] = pick([...pairs()], random);
  const clusters = [pick(NAMES, random), pick(NAMES, random)] as const;
  return [
    { ...one, cluster: clusters[0] },
    { ...two, cluster: clusters[1] },
  ];
}

/** Anything at all: also connections that break, and waits that are over early. */
function anyHappening(
  world: PaperWorld,
  random: Random,
): Happening | undefined {
  const open = [...world.ends.keys()].filter((at) => world.ends[at]!.isOpen);
  const kinds = [
    [...deliveriesIn(world)],
    world.dials.map((dial) => ({ dial })),
    timersIn(world),
    open.map((cut) => ({ cut })),
  ].filter((kind) => kind.length > 0);
  return kinds.length === 0 ? undefined : pick(pick(kinds, random), random);
}

function settle(world: PaperWorld, random: Random, text: string): void {
  for (let count = 0; count < 10_000; count++) {
    const happenings = happeningsIn(world);
    if (happenings.length === 0) return;
    happen(world, pick(happenings, random));
    assertOneAtMost(world);
  }
  assert.fail(`${text}: the nodes work against each other`);
}

test("after any disorder one route remains, and one name", () => {
  for (let seed = SEED; seed < SEED + 1000; seed++) {
    const random = seededRandom(seed);
    const nodes = randomPair(random);
    const dials = Array.from({ length: 4 }, () => randomBelow(random, 2));
    const world: PaperWorld = { nodes, ends: [], dials, redials: [] };
    for (let count = 0; count < 40; count++) {
      const happening = anyHappening(world, random);
      if (happening !== undefined) happen(world, happening);
      assertOneAtMost(world);
    }
    settle(world, random, `seed ${seed}`);
    assertSettled(world, `seed ${seed}`);
    assert.equal(nodes[0].cluster.name, nodes[1].cluster.name, `seed ${seed}`);
  }
});
