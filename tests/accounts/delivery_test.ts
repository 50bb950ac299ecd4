/**
 * Delivery inside delivery: what receivers publish while they are delivered to
 * reaches everything that wants it, and so does the message that they were
 * delivered, at any depth, with servers and queue groups among the receivers.
 */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import { Delivery } from "../../src/accounts/delivery.ts";
import {
  type AccountName,
  DeliveryMark,
  type DirectReceiver,
  Interest,
  type ServerReceiver,
} from "../../src/accounts/interest.ts";
import { InternalClient } from "../../src/accounts/internal.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { WorkMeter } from "../../src/core/work_meter.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { MessageArgs } from "../../src/wire/args.ts";
import { type Message, subjectOf } from "../../src/wire/message.ts";
import { Words } from "../../src/wire/words.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

const PAYLOAD = asciiBytes("x");
/** Nothing can be made to wait. */
const AT_ONCE = { goOn: () => false };

/** A server that notes what it is sent: the subject, and the queue groups that it shall serve. */
class NotingServer implements ServerReceiver {
  isGone = false;
  readonly kind: Kind;
  readonly mark = new DeliveryMark();
  readonly sent: string[] = [];

  constructor(kind: Kind = Kind.ROUTE) {
    this.kind = kind;
  }

  forward(
    _account: AccountName,
    message: Message,
    groups: readonly Uint8Array[],
    groupCount: number,
  ): void {
    const names = groups.slice(0, groupCount)
      .map((name) => byteString(name, 0, name.length)).sort();
    this.sent.push([subjectOf(message), ...names].join(" "));
  }

  take(): string[] {
    return this.sent.splice(0);
  }
}

interface Scene {
  readonly account: Account;
  readonly delivery: Delivery;
  readonly client: InternalClient;
}

function scene(seed = 1): Scene {
  const meter = new WorkMeter();
  const account = new Accounts(accountSettings(meter)).global;
  const delivery = new Delivery(seededRandom(seed), meter, AT_ONCE);
  return { account, delivery, client: new InternalClient(account, delivery) };
}

function wants(
  account: Account,
  server: ServerReceiver,
  subject: string,
  queue = "",
  weight = 1,
): void {
  account.add(Interest.ofServer(server, subject, queue, weight));
}

test("a receiver that publishes while it is delivered to takes nothing from the servers", () => {
  const { account, client } = scene();
  const one = new NotingServer();
  const two = new NotingServer();
  client.subscribe("outer", "", () => client.publish("inner", PAYLOAD));
  wants(account, one, "outer");
  wants(account, two, "outer");
  wants(account, two, "inner");
  assert.equal(client.publish("outer", PAYLOAD), 3);
  assert.deepEqual(one.take(), ["outer"]);
  assert.deepEqual(two.take().sort(), ["inner", "outer"]);
});

test("a server that was noted before a nested delivery is written to once", () => {
  const { account, client } = scene();
  const server = new NotingServer();
  wants(account, server, "outer");
  wants(account, server, "*");
  client.subscribe("outer", "", () => client.publish("inner", PAYLOAD));
  wants(account, server, "outer");
  client.publish("outer", PAYLOAD);
  assert.deepEqual(server.take().sort(), ["inner", "outer"]);
});

test("queue groups of an outer and a nested delivery do not mix", () => {
  const { account, client } = scene();
  const server = new NotingServer();
  wants(account, server, "outer", "a");
  wants(account, server, "outer", "b");
  wants(account, server, "inner", "c");
  client.subscribe("outer", "", () => client.publish("inner", PAYLOAD));
  client.subscribe("outer", "local", () => client.publish("inner", PAYLOAD));
  client.publish("outer", PAYLOAD);
  assert.deepEqual(server.take().sort(), ["inner c", "inner c", "outer a b"]);
});

test("a chain of a hundred nested deliveries loses nothing", () => {
  const { account, client } = scene();
  const server = new NotingServer();
  const depth = 100;
  wants(account, server, "n.*");
  wants(account, server, "n.*", "group");
  for (let n = 0; n < depth; n++) {
    client.subscribe(
      `n.${n}`,
      "",
      () => client.publish(`n.${n + 1}`, PAYLOAD),
    );
  }
  client.publish("n.0", PAYLOAD);
  assert.deepEqual(
    server.take().sort(),
    Array.from({ length: depth + 1 }, (_, n) => `n.${n} group`).sort(),
  );
});

test("what a receiver throws ends its delivery and no other", () => {
  const { account, client } = scene();
  const server = new NotingServer();
  wants(account, server, "good");
  client.subscribe("bad", "", () => {
    throw new Error("no");
  });
  client.subscribe("good", "", () => {
    assert.throws(() => client.publish("bad", PAYLOAD), /no/);
  });
  client.publish("good", PAYLOAD);
  client.publish("good", PAYLOAD);
  assert.deepEqual(server.take(), ["good", "good"]);
});

test("nested deliveries of any shape reach each server once per message", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 100; round++) {
    const { account, client } = scene(round + 1);
    const servers = [1, 2, 3].map(() => new NotingServer());
    const expected = servers.map((): string[] => []);
    // Each subject leads to subjects with greater numbers, so every chain ends.
    const count = 6;
    const next = Array.from(
      { length: count },
      (_, from) =>
        Array.from(
          { length: randomBelow(random, 3) },
          () => from + 1 + randomBelow(random, count),
        ).filter((to) => to < count),
    );
    const wanted = servers.map(() =>
      Array.from({ length: count }, () => random.next() < 0.5)
    );
    for (let n = 0; n < count; n++) {
      const order = [...servers.keys()].sort(() => random.next() - 0.5);
      for (const [place, index] of order.entries()) {
        if (place === 1) {
          client.subscribe(`s.${n}`, "", () => {
            for (const to of next[n]!) client.publish(`s.${to}`, PAYLOAD);
          });
        }
        if (wanted[index]![n]) wants(account, servers[index]!, `s.${n}`);
      }
    }
    const note = (n: number): void => {
      for (const [index, subjects] of wanted.entries()) {
        if (subjects[n]) expected[index]!.push(`s.${n}`);
      }
      for (const to of next[n]!) note(to);
    };
    client.publish("s.0", PAYLOAD);
    note(0);
    for (const [index, server] of servers.entries()) {
      assert.deepEqual(server.take().sort(), expected[index]!.sort());
    }
  }
});

test("what a route brings goes to clients, leaf nodes and the server, not to routes", () => {
  const { account, delivery, client } = scene();
  const from = new NotingServer();
  const other = new NotingServer();
  const leaf = new NotingServer(Kind.LEAF);
  let heard = 0;
  client.subscribe("a", "", () => heard++);
  for (const server of [from, other, leaf]) wants(account, server, "a");
  const args = routedArgs("$G a 1");
  const { match } = account.facts(args.message.subjectBuffer, 3, 4);
  delivery.relay(account, match, args, from);
  assert.equal(heard, 1);
  assert.deepEqual([from.take(), other.take()], [[], []]);
  assert.deepEqual(leaf.take(), ["a"]);
});

test("a named queue group without a member here is passed on, also inside a delivery", () => {
  const { account, delivery, client } = scene();
  const from = new NotingServer();
  const other = new NotingServer();
  wants(account, from, "a", "g");
  wants(account, other, "a", "g");
  wants(account, other, "nested");
  client.subscribe("a", "", () => client.publish("nested", PAYLOAD));
  const args = routedArgs("$G a | g 1");
  const { match } = account.facts(args.message.subjectBuffer, 3, 4);
  delivery.relay(account, match, args, from);
  assert.deepEqual(from.take(), []);
  assert.deepEqual(other.take().sort(), ["a g", "nested"]);
});

test("a group whose members here refuse is passed on a few times, for itself alone", () => {
  const { account, delivery, client } = scene();
  const from = new NotingServer();
  let heard = 0;
  client.subscribe("a", "", () => heard++);
  account.add(Interest.direct(new Refusing(), "a", "g", "1"));
  wants(account, from, "a", "g");
  const relay = (line: string): string[] => {
    const args = routedArgs(line);
    const { match } = account.facts(args.message.subjectBuffer, 3, 4);
    delivery.relay(account, match, args, from);
    return from.take();
  };
  assert.deepEqual(relay("$G a | g 1"), ["a g g"]);
  assert.equal(heard, 1);
  assert.deepEqual(relay("$G a | g g 1"), ["a g g g"]);
  assert.deepEqual(relay("$G a | g g g 1"), ["a g g g g"]);
  assert.deepEqual(relay("$G a | g g g g 1"), []);
  assert.equal(heard, 1);
  // A server that serves no group alone would hear its plain interest twice.
  wants(account, from, "a");
  assert.deepEqual(relay("$G a | g 1"), []);
});

/** May not hear what it subscribes to. */
class Refusing implements DirectReceiver {
  readonly kind: Kind = Kind.CLIENT;

  takes(): boolean {
    return true;
  }

  deliver(): boolean {
    return false;
  }
}

test("a leaf node's message is for all groups, as if a client had sent it", () => {
  const { account, delivery, client } = scene();
  const leaf = new NotingServer(Kind.LEAF);
  const route = new NotingServer();
  let heard = 0;
  client.subscribe("a", "here", () => heard++);
  wants(account, route, "a", "there");
  const args = routedArgs("$G a 1");
  const { match } = account.facts(args.message.subjectBuffer, 3, 4);
  delivery.relay(account, match, args, leaf);
  assert.equal(heard, 1);
  assert.deepEqual(route.take(), ["a there"]);
});

/** The arguments of an RMSG whose payload is one byte. */
function routedArgs(line: string): MessageArgs {
  const buffer = asciiBytes(`${line}\r\nx\r\n`);
  const words = new Words();
  words.split(buffer, 0, line.length);
  const args = new MessageArgs();
  args.readRoutedMsg(buffer, words, false);
  args.complete(buffer, line.length + 2, line.length + 3);
  return args;
}

test("a server that is gone is sent nothing, though its interest is still there", () => {
  const { account, client } = scene();
  const [gone, other] = [new NotingServer(), new NotingServer()];
  for (const server of [gone, other]) {
    wants(account, server, "plain");
    wants(account, server, "shared", "group");
  }
  gone.isGone = true;
  assert.equal(client.publish("plain", PAYLOAD), 1);
  for (let n = 0; n < 20; n++) client.publish("shared", PAYLOAD);
  assert.deepEqual(gone.take(), []);
  const shared = Array.from({ length: 20 }, () => "shared group");
  assert.deepEqual(other.take(), ["plain", ...shared]);
});

test("a member of a group whose members stand for several is chosen by a few looks at them", () => {
  const scene = accountSettings();
  const { delivery } = scene.imports;
  const account = new Accounts(scene).global;
  const servers = Array.from({ length: 1000 }, () => new NotingServer());
  for (const [at, server] of servers.entries()) {
    account.add(Interest.ofServer(server, "a", "g", 1 + at % 3));
  }
  const match = account.sublist.match("a");
  let looks = 0;
  const watched = new Proxy(match.queues[0]!.members, {
    get(members, key) {
      if (typeof key === "string" && key !== "length") looks++;
      return Reflect.get(members, key);
    },
  });
  const seen = { ...match.queues[0]!, members: watched };
  const { message } = routedArgs("$G a 1");
  for (let i = 0; i < 100; i++) {
    const publisher = { kind: Kind.CLIENT };
    delivery.publish(
      account,
      { plain: [], queues: [seen] },
      message,
      publisher,
    );
  }
  assert.ok(looks <= 100 * 2, `${looks} looks`);
  assert.equal(servers.flatMap((server) => server.take()).length, 100);
});
