/** Accounts that come and go, and what their observers hear. */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import {
  Accounts,
  type AccountsObserver,
} from "../../src/accounts/accounts.ts";
import { GLOBAL_ACCOUNT } from "../../src/core/account_names.ts";
import { Delivery } from "../../src/accounts/delivery.ts";
import { InternalClient } from "../../src/accounts/internal.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { InvalidArgumentError } from "../../src/core/errors.ts";
import { countIn, countOut, noTraffic } from "../../src/core/traffic.ts";
import { WorkMeter } from "../../src/core/work_meter.ts";
import { type Message, replyOf, subjectOf } from "../../src/wire/message.ts";
import { seededRandom } from "../support/random.ts";
import { accountOptions } from "./account_options.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

/** Writes down what it is told. */
class NotingObserver implements AccountsObserver {
  readonly notes: string[] = [];

  accountAdded({ name }: Account): void {
    this.notes.push(`+ ${name}`);
  }

  accountRemoved({ name }: Account): void {
    this.notes.push(`- ${name}`);
  }

  interestChanged(
    { name }: Account,
    subject: string,
    queue: string,
    members: number,
    before: number,
  ): void {
    this.notes.push(`${name} ${subject} ${queue} ${before} > ${members}`);
  }

  take(): string[] {
    return this.notes.splice(0);
  }
}

function newAccounts(): Accounts {
  return new Accounts(accountSettings());
}

const DELIVERY = new Delivery(seededRandom(1), new WorkMeter(), {
  goOn: () => false,
});

function clientIn(account: Account): InternalClient {
  return new InternalClient(account, DELIVERY);
}

test("the global account is always there", () => {
  const accounts = newAccounts();
  assert.equal(accounts.named(GLOBAL_ACCOUNT), accounts.global);
  assert.equal(accounts.remove(GLOBAL_ACCOUNT), false);
  assert.deepEqual([...accounts], [accounts.global]);
});

test("an account that is added twice is one, and one that is removed is gone", () => {
  const accounts = newAccounts();
  const a = accounts.add("A");
  assert.equal(accounts.add("A"), a);
  assert.deepEqual(accounts.names(), ["$G", "A"]);
  assert.equal(accounts.remove("A"), true);
  assert.equal(accounts.remove("A"), false);
  assert.equal(accounts.named("A"), undefined);
  assert.notEqual(accounts.add("A"), a);
});

test("accounts do not hear each other", () => {
  const accounts = newAccounts();
  const one = clientIn(accounts.add("A"));
  const other = clientIn(accounts.add("B"));
  const heard: string[] = [];
  one.subscribe("x", "", (message) => heard.push(`A ${subjectOf(message)}`));
  other.subscribe("x", "", (message) => heard.push(`B ${subjectOf(message)}`));
  assert.equal(one.publish("x", asciiBytes("1")), 1);
  assert.deepEqual(heard, ["A x"]);
});

test("an observer hears of accounts that are there, that come later and that go", () => {
  const accounts = newAccounts();
  const observer = new NotingObserver();
  accounts.add("A");
  accounts.observe(observer);
  assert.deepEqual(observer.take(), ["+ $G", "+ A"]);
  const b = clientIn(accounts.add("B"));
  const end = b.subscribe("x", "", () => {});
  end();
  end();
  accounts.remove("B");
  assert.deepEqual(observer.take(), ["+ B", "B x  0 > 1", "B x  1 > 0", "- B"]);
});

test("interest from before the observer came is counted", () => {
  const accounts = newAccounts();
  const client = clientIn(accounts.global);
  client.subscribe("x", "q", () => {});
  const observer = new NotingObserver();
  accounts.observe(observer);
  observer.take();
  client.subscribe("x", "q", () => {});
  assert.deepEqual(observer.take(), ["$G x q 1 > 2"]);
  assert.deepEqual([...accounts.global.localInterest()], [
    { subject: "x", queue: "q", members: 2 },
  ]);
});

test("two observers hear the same", () => {
  const accounts = newAccounts();
  const observers = [new NotingObserver(), new NotingObserver()];
  for (const observer of observers) accounts.observe(observer);
  clientIn(accounts.global).subscribe("x", "", () => {});
  for (const observer of observers) {
    assert.deepEqual(observer.take(), ["+ $G", "$G x  0 > 1"]);
  }
});

test("a client of the server itself refuses subjects that make no sense", () => {
  const client = clientIn(newAccounts().global);
  assert.throws(
    () => client.subscribe("a..b", "", () => {}),
    InvalidArgumentError,
  );
  assert.throws(
    () => client.publish("a.*", asciiBytes("")),
    InvalidArgumentError,
  );
});

test("a client of the server itself that was closed hears nothing", () => {
  const { global } = newAccounts();
  const client = clientIn(global);
  client.subscribe("x", "", () => assert.fail("a message"));
  client.close();
  assert.equal(client.publish("x", asciiBytes("")), 0);
  assert.equal(global.sublist.size, 0);
});

test("the matches of the last few subjects with many receivers are kept, and no more", () => {
  const accounts = new Accounts({ ...accountSettings(), sublistCache: false });
  const { global } = accounts;
  const delivery = new Delivery(seededRandom(1), new WorkMeter(), {
    goOn: () => false,
  });
  const client = new InternalClient(global, delivery);
  client.subscribe("few.*", "", () => {});
  for (let n = 0; n < 300; n++) client.subscribe("many.*", "", () => {});
  /** Of how many subjects the same is known when all were asked for once more. */
  const kept = (word: string, count: number): number => {
    const ask = (): unknown[] =>
      Array.from({ length: count }, (_, n) => {
        const bytes = asciiBytes(`${word}.${n}`);
        return global.facts(bytes, 0, bytes.length);
      });
    // From its second use on a subject is known.
    ask();
    const before = ask();
    return ask().filter((facts, n) => facts === before[n]).length;
  };
  assert.equal(kept("many", 10), 10);
  assert.ok(kept("few", 100) > 50);
  assert.ok(kept("many", 100) <= 16);
});

test("configured accounts are there, asleep until they are asked for", () => {
  const accounts = newAccounts();
  accounts.configure([accountOptions("A"), accountOptions("B")], "SYS");
  assert.deepEqual(accounts.names(), ["$G", "SYS", "A", "B"]);
  assert.deepEqual([...accounts], [accounts.global]);
  assert.equal(accounts.has("B"), true);
  const b = accounts.named("B");
  assert.equal(b, accounts.named("B"));
  assert.deepEqual([...accounts], [accounts.global, b]);
  assert.equal(accounts.system?.name, "SYS");
});

test("a configuration without an account takes it away, and leaves the others as they are", () => {
  const accounts = newAccounts();
  const observer = new NotingObserver();
  accounts.observe(observer);
  accounts.configure(["A", "B", "C"].map((name) => accountOptions(name)));
  const b = accounts.named("B");
  accounts.named("A");
  observer.take();
  accounts.configure([accountOptions("B")]);
  assert.deepEqual(observer.take(), ["- A"]);
  assert.deepEqual(accounts.names(), ["$G", "B"]);
  assert.equal(accounts.named("B"), b);
  assert.equal(accounts.named("A"), undefined);
  assert.equal(accounts.system, undefined);
});

test("an account that is back before its interest was taken back goes on with it", () => {
  const accounts = newAccounts();
  const observer = new NotingObserver();
  accounts.observe(observer);
  const a = accounts.add("A");
  const client = clientIn(a);
  const end = client.subscribe("x", "", () => {});
  accounts.remove("A");
  assert.equal(accounts.add("A"), a);
  clientIn(a).subscribe("x", "", () => {});
  observer.take();
  end();
  assert.deepEqual(observer.take(), ["A x  2 > 1"]);
  const b = accounts.add("B");
  const endB = clientIn(b).subscribe("x", "", () => {});
  accounts.remove("B");
  endB();
  assert.notEqual(accounts.add("B"), b);
});

test("the traffic of an account that goes is kept in the sum", () => {
  const accounts = newAccounts();
  const account = accounts.add("A");
  countIn(noTraffic(), account.traffic, 5);
  countOut(noTraffic(), account.routeTraffic, 7);
  countIn(noTraffic(), accounts.global.traffic, 2);
  const sum = { inMsgs: 2, inBytes: 7, outMsgs: 1, outBytes: 7 };
  assert.deepEqual(accounts.traffic(), sum);
  accounts.remove("A");
  assert.deepEqual(accounts.traffic(), sum);
});

test("an internal client without echo hears others only, and tells whether others would hear", () => {
  const accounts = newAccounts();
  const { global } = accounts;
  const heard: string[] = [];
  const quiet = new InternalClient(global, DELIVERY, { echo: false });
  const other = clientIn(global);
  quiet.subscribe("x", "", (message) => heard.push(subjectOf(message)));
  assert.equal(quiet.publish("x", asciiBytes("")), 0);
  assert.equal(quiet.isHeard("x"), false);
  assert.equal(other.isHeard("x"), true);
  assert.equal(other.publish("x", asciiBytes("")), 1);
  assert.deepEqual(heard, ["x"]);
  const end = other.subscribe("x", "q", () => {});
  assert.equal(quiet.isHeard("x"), true);
  end();
  assert.equal(quiet.isHeard("x"), false);
});

test("a destination follows those who come and go, and shows other subjects", () => {
  const { global } = newAccounts();
  const sender = clientIn(global);
  const other = clientIn(global);
  const to = sender.destination("to");
  const reply = { bytes: asciiBytes("reply and more"), length: 5 };
  const heard: string[] = [];
  const note = (message: Message): void => {
    const { bodyBuffer, bodyStart, bodyEnd, publishedOn } = message;
    const body = byteString(bodyBuffer, bodyStart, bodyEnd);
    heard.push(
      [byteString(publishedOn!), subjectOf(message), replyOf(message), body]
        .join("|"),
    );
    // What is published meanwhile has memory of its own.
    if (body === "2\r\nhi\r\n") send("inner", "", "a longer one");
    assert.equal(byteString(bodyBuffer, bodyStart, bodyEnd), body);
  };
  const send = (shown: string, headers: string, payload: string): number =>
    to.publish(shown, reply, asciiBytes(headers), asciiBytes(payload));

  assert.equal(to.isHeard(), false);
  assert.equal(send("a", "", "hi"), 0);
  const end = other.subscribe("to", "", note);
  assert.equal(to.isHeard(), true);
  assert.equal(send("a", "", "hi"), 1);
  const block = "NATS/1.0\r\n\r\n";
  assert.equal(send("orders.1", block, "x".repeat(70_000)), 1);
  assert.deepEqual(heard, [
    "to|a|reply|2\r\nhi\r\n",
    "to|inner|reply|12\r\na longer one\r\n",
    `to|orders.1|reply|12 70012\r\n${block}${"x".repeat(70_000)}\r\n`,
  ]);
  end();
  assert.equal(to.isHeard(), false);
  assert.equal(send("a", "", "hi"), 0);
  sender.subscribe("to", "", () => {});
  assert.equal(to.isHeard(), false, "it does not count itself");
  other.subscribe("*", "q", () => {});
  assert.deepEqual([to.isHeard(), to.isHeard("q")], [true, true]);
  assert.equal(to.isHeard("r"), false);
  const nowhere = sender.destination("to.*");
  assert.equal(nowhere.publish("a", reply, asciiBytes(""), asciiBytes("")), 0);
});

test("an internal client sends headers, and an empty reply where it is to", () => {
  const accounts = newAccounts();
  const { global } = accounts;
  const written: string[] = [];
  const other = clientIn(global);
  other.subscribe("x", "", ({ bodyBuffer, bodyStart, bodyEnd }) => {
    written.push(byteString(bodyBuffer, bodyStart, bodyEnd));
  });
  const headers = asciiBytes("NATS/1.0\r\na: b\r\n\r\n");
  other.publish("x", asciiBytes("hi"), { headers });
  const system = new InternalClient(global, DELIVERY, { emptyReply: true });
  system.publish("x", asciiBytes("hi"));
  system.publish("x", asciiBytes("hi"), { reply: "r" });
  assert.deepEqual(written, [
    "18 20\r\nNATS/1.0\r\na: b\r\n\r\nhi\r\n",
    " 2\r\nhi\r\n",
    "2\r\nhi\r\n",
  ]);
});

test("those who watch a subject hear of all interest that means it, and of no other", () => {
  const { global } = newAccounts();
  const client = clientIn(global);
  let calls = 0;
  const end = client.watch("to.a", () => void calls++);
  const heardAt = (act: () => unknown): number => {
    calls = 0;
    act();
    return calls;
  };
  const hear = (subject: string, queue = ""): () => void =>
    client.subscribe(subject, queue, () => true);
  const ends: (() => void)[] = [];
  for (const subject of ["to.a", "to.*", "to.>", ">"]) {
    assert.equal(heardAt(() => ends.push(hear(subject))), 1, subject);
  }
  assert.equal(heardAt(() => ends.push(hear("to.a", "q"))), 1);
  for (const subject of ["to.b", "to", "to.a.b", "*"]) {
    assert.equal(heardAt(() => hear(subject)), 0, subject);
  }
  for (const stop of ends) assert.equal(heardAt(stop), 1);
  end();
  assert.equal(heardAt(() => hear("to.a")), 0);
});
