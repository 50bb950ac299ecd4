/**
 * Random rules, subscriptions and messages in a cluster of two, against an
 * oracle that knows nothing but the rules: what is heard is allowed and not
 * denied (CVE-2022-29946, GHSA-wh7g, GHSA-jx8g), and everything else that
 * should be heard is, once.
 */
import assert from "node:assert/strict";
import type { Random } from "../../src/platform/clock.ts";
import {
  defaultAuthorizationOptions,
  type PermissionsOptions,
  type SubjectRules,
} from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { meshed, routeTo, tell } from "./route_peer.ts";

const USERS = 4;
const SUBSCRIPTIONS = 40;
const MESSAGES = 250;
const WORLDS = 4;

/** Everybody may use it: the last messages of a round are heard behind all others. */
const END = "end";

/** Whether `pattern` matches the literal `subject`. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split("."), subject.split(".")];
  for (const [i, token] of wanted.entries()) {
    if (token === ">") return tokens.length > i;
    if (tokens[i] === undefined || (token !== "*" && token !== tokens[i])) {
      return false;
    }
  }
  return wanted.length === tokens.length;
}

interface Entry {
  readonly subject: string;
  readonly queue: string;
}

function entry(text: string): Entry {
  const [subject = "", queue = ""] = text.split(" ");
  return { subject, queue };
}

/** Whether rules let `subject` through, to a subscription in `queue`. */
function lets(
  { allow, deny = [] }: SubjectRules,
  subject: string,
  queue: string,
): boolean {
  const here = (list: readonly string[]): Entry[] =>
    list.map(entry).filter((rule) => matches(rule.subject, subject));
  const fits = (rule: Entry): boolean =>
    queue !== "" && rule.queue !== "" && matches(rule.queue, queue);
  const isDenied = here(deny).some((rule) => rule.queue === "" || fits(rule));
  if (isDenied || allow === undefined) return !isDenied;
  const named = here(allow).filter((rule) => rule.queue !== "");
  return queue !== "" && named.length > 0
    ? named.some(fits)
    : here(allow).some((rule) => rule.queue === "");
}

/** Every subject of up to four tokens, with one token that no rule names. */
const UNIVERSE = [
  ...new Set(
    ["a", "b", "z"].flatMap(longer).flatMap(longer).flatMap(longer),
  ),
];

function longer(subject: string): string[] {
  return [subject, ...["a", "b", "z"].map((token) => `${subject}.${token}`)];
}

/** Whether nats-server's rule for a deny of subscriptions refuses it. */
function isDeniedAsItStands(
  { deny = [] }: SubjectRules,
  { subject, queue }: Entry,
): boolean {
  return deny.map(entry).some((rule) =>
    matches(rule.subject, subject) &&
    (rule.queue === "" || (queue !== "" && matches(rule.queue, queue)))
  );
}

class Chance {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  pattern(): string {
    const tokens = [];
    const length = 1 + this.below(3);
    for (let i = 0; i < length; i++) {
      tokens.push(this.one(["a", "a", "b", "b", "*"]));
    }
    if (this.below(4) === 0) tokens.push(">");
    return tokens.join(".");
  }

  literal(): string {
    return this.one(UNIVERSE.filter((subject) => !subject.includes("z")));
  }

  queue(): string {
    return this.one(["q.1", "q.2", "r"]);
  }

  list(most: number, withQueues: boolean): string[] {
    return Array.from({ length: 1 + this.below(most) }, () => {
      const pattern = this.below(3) === 0 ? ">" : this.pattern();
      return withQueues && this.below(4) === 0
        ? `${pattern} ${this.one(["q.1", "q.*", "r", ">"])}`
        : pattern;
    });
  }

  rules(withQueues: boolean): SubjectRules {
    return {
      ...(this.below(3) > 0 && {
        allow: [...this.list(4, withQueues), END],
      }),
      ...(this.below(4) > 0 && {
        deny: [...this.list(2, withQueues), this.literal(), this.literal()],
      }),
    };
  }
}

/** `>` and one-token wildcards of a deny would hide the end of a round. */
function sparing({ allow, deny = [] }: SubjectRules): SubjectRules {
  const kept = deny.filter((text) => !matches(entry(text).subject, END));
  return { ...(allow !== undefined && { allow }), deny: kept };
}

interface Client {
  readonly peer: Peer;
  readonly publish: SubjectRules;
  readonly subscribe: SubjectRules;
  /** Those that were accepted, by sid. */
  readonly subscriptions: Map<string, Entry>;
}

interface Published {
  readonly by: Client;
  readonly subject: string;
}

/** What happened often enough to prove something. */
interface Tally {
  delivered: number;
  filteredPlain: number;
  filteredMembers: number;
  refusedPublishes: number;
  refusedSubscriptions: number;
}

test("what is heard in a cluster is what the rules of each user allow", async (t) => {
  const seed = freshSeed();
  console.log(`MIDGE_TEST_SEED=${seed}`);
  const chance = new Chance(seededRandom(seed));
  const tally: Tally = {
    delivered: 0,
    filteredPlain: 0,
    filteredMembers: 0,
    refusedPublishes: 0,
    refusedSubscriptions: 0,
  };
  for (let world = 0; world < WORLDS; world++) await tryWorld(t, chance, tally);
  for (const [what, count] of Object.entries(tally)) {
    assert(count > 0, `${what} never happened`);
  }
});

async function tryWorld(
  t: TestContext,
  chance: Chance,
  tally: Tally,
): Promise<void> {
  const users = Array.from({ length: USERS }, (_, i) => ({
    user: `u${i}`,
    password: "",
    permissions: {
      publish: sparing(chance.rules(false)),
      subscribe: sparing(chance.rules(true)),
    },
  }));
  const authorization = { ...defaultAuthorizationOptions(), users };
  const first = await startMidge(t, { authorization, cluster: {} });
  const routes = [routeTo(first)];
  const second = await startMidge(t, { authorization, cluster: { routes } });
  await meshed([first, second]);
  const clients: Client[] = [];
  for (const { port } of [first, second]) {
    for (const user of users) clients.push(await clientAs(t, port, user));
  }
  for (let sid = 0; sid < SUBSCRIPTIONS; sid++) {
    await subscribe(chance, chance.one(clients), `${sid}`, tally);
  }
  await settle(clients);
  const messages: Published[] = [];
  for (let id = 0; id < MESSAGES; id++) {
    const message = { by: chance.one(clients), subject: chance.literal() };
    messages.push(message);
    message.by.peer.send(`PUB ${message.subject} ${id} 1\r\nx\r\n`);
  }
  await settle(clients);
  checkRefusals(clients, messages, tally);
  checkDeliveries(clients, messages, tally);
}

async function clientAs(
  t: TestContext,
  port: number,
  { user, permissions }: {
    readonly user: string;
    readonly permissions: Required<Omit<PermissionsOptions, "responses">>;
  },
): Promise<Client> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ user, pass: "" });
  await tell(peer, `SUB ${END} end\r\n`);
  return { peer, ...permissions, subscriptions: new Map() };
}

async function subscribe(
  chance: Chance,
  { peer, subscribe: rules, subscriptions }: Client,
  sid: string,
  tally: Tally,
): Promise<void> {
  const subject = chance.one([
    () => chance.literal(),
    () => chance.pattern(),
    () => chance.one([">", "a.>", "b.>", "*.*", "*.*.>"]),
  ])();
  const queue = chance.below(2) === 0 ? chance.queue() : "";
  peer.send(`SUB ${subject} ${queue} ${sid}\r\nPING\r\n`);
  const isAccepted = !(await peer.expect("PONG\r\n")).includes("-ERR");
  const sub = { subject, queue };
  const allowsAll = UNIVERSE.every((literal) =>
    !matches(subject, literal) ||
    lets({ ...rules, deny: [] }, literal, queue)
  );
  const isFit = allowsAll && !isDeniedAsItStands(rules, sub);
  const what = `${JSON.stringify(rules)} <- ${subject} ${queue}`;
  if (isFit) assert(isAccepted, what);
  // A group's subscription may be wider; its messages are filtered.
  else if (queue === "") assert(!isAccepted, what);
  if (isAccepted) {
    assert(!isDeniedAsItStands(rules, sub), what);
    subscriptions.set(sid, sub);
  } else tally.refusedSubscriptions++;
}

/** All that was sent is heard: also what went to the other server and back. */
async function settle(clients: readonly Client[]): Promise<void> {
  for (const { peer } of clients) {
    peer.send("PING\r\n");
    await peer.expect("PONG\r\n");
  }
  const ends = [clients[0]!, clients.at(-1)!, clients[0]!, clients.at(-1)!];
  for (const { peer: speaker } of ends) {
    speaker.send(`PUB ${END} 0\r\n\r\n`);
    for (const { peer } of clients) await peer.expect("MSG end end 0\r\n\r\n");
  }
}

function checkRefusals(
  clients: readonly Client[],
  messages: readonly Published[],
  tally: Tally,
): void {
  for (const client of clients) {
    const refused = messages.filter(({ by, subject }) =>
      by === client && !lets(client.publish, subject, "")
    );
    tally.refusedPublishes += refused.length;
    const told = client.peer.received.matchAll(/-ERR .* Publish to "(.*)"'/g);
    assert.deepEqual(
      [...told].map(([, subject]) => subject),
      refused.map(({ subject }) => subject),
    );
  }
}

function checkDeliveries(
  clients: readonly Client[],
  messages: readonly Published[],
  tally: Tally,
): void {
  /** How often each message was heard, by client, sid and number of the message. */
  const heard = new Map<string, number>();
  const keyOf = (client: Client, sid: string, id: number): string =>
    `${clients.indexOf(client)} ${sid} ${id}`;
  for (const client of clients) {
    for (
      const [, subject, sid, id] of client.peer.received.matchAll(
        /^MSG (\S+) (\d+) (\d+) 1\r$/gm,
      )
    ) {
      assert.equal(subject, messages[Number(id)]!.subject);
      const key = keyOf(client, sid!, Number(id));
      heard.set(key, (heard.get(key) ?? 0) + 1);
      tally.delivered++;
    }
  }
  for (const [id, { by, subject }] of messages.entries()) {
    const isPublished = lets(by.publish, subject, "");
    const groups = new Map<string, { able: number; served: number }>();
    for (const client of clients) {
      for (const [sid, sub] of client.subscriptions) {
        const count = heard.get(keyOf(client, sid, id)) ?? 0;
        const isMet = isPublished && matches(sub.subject, subject);
        const isAble = isMet && lets(client.subscribe, subject, sub.queue);
        const what = `${id} ${count} ${isAble} ${clients.indexOf(client)} by ${
          clients.indexOf(by)
        }: ${subject} for ${JSON.stringify(sub)} with ${
          JSON.stringify(client.subscribe)
        }`;
        assert(isAble || count === 0, `heard: ${what}`);
        if (isMet && !isAble) {
          tally[sub.queue === "" ? "filteredPlain" : "filteredMembers"]++;
        }
        if (sub.queue === "") {
          assert.equal(count, isAble ? 1 : 0, what);
          continue;
        }
        const group = groups.get(sub.queue) ?? { able: 0, served: 0 };
        group.able += isAble ? 1 : 0;
        group.served += count;
        groups.set(sub.queue, group);
      }
    }
    for (const [queue, { able, served }] of groups) {
      assert.equal(served, able > 0 ? 1 : 0, `${subject} in ${queue}: ${able}`);
    }
  }
}
