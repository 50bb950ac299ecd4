/** How many members of this server each subject and queue group has. */
import assert from "node:assert/strict";
import {
  type DirectReceiver,
  Interest,
  type ServerReceiver,
} from "../../src/accounts/interest.ts";
import { DeliveryMark } from "../../src/accounts/interest.ts";
import {
  isLocal,
  type LocalInterest,
  LocalInterests,
} from "../../src/accounts/local_interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { Sublist } from "../../src/core/sublist.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const CLIENT: DirectReceiver = {
  kind: Kind.CLIENT,
  takes: () => true,
  deliver: () => true,
};
const SERVER: ServerReceiver = {
  kind: Kind.ROUTE,
  mark: new DeliveryMark(),
  isGone: false,
  forward: () => {},
};
const SUBJECTS = ["one", "few.1", "few.*", "many", "many.>"];

/** A sublist and what is counted in it. */
class World {
  readonly sublist = new Sublist<Interest>();
  readonly locals = new LocalInterests(this.sublist);

  add(interest: Interest): number {
    this.sublist.insert(interest);
    return isLocal(interest) ? this.locals.came(interest) : 0;
  }

  remove(interest: Interest): number {
    assert.ok(this.sublist.remove(interest));
    if (isLocal(interest)) return this.locals.went(interest);
    this.locals.otherWent(interest);
    return 0;
  }

  told(): string[] {
    return [...this.locals].filter((one) => one !== undefined).map(text).sort();
  }
}

function text({ subject, queue, members }: LocalInterest): string {
  return `${subject} ${queue} ${members}`;
}

function local(subject: string, queue: string = ""): Interest {
  return Interest.direct(CLIENT, subject, queue, 1);
}

function remote(subject: string, queue: string = ""): Interest {
  return Interest.ofServer(SERVER, subject, queue, 1);
}

/** The same, counted one by one. */
function counted(all: readonly Interest[]): string[] {
  const locals = all.filter(isLocal);
  const lines = locals.map(({ subject, queue }) =>
    text({ subject, queue, members: membersIn(locals, subject, queue) })
  );
  return [...new Set(lines)].sort();
}

function membersIn(
  locals: readonly Interest[],
  subject: string,
  queue: string,
): number {
  return locals.filter((one) => one.subject === subject && one.queue === queue)
    .length;
}

test("random interest of clients and servers is counted as one by one", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const world = new World();
  const all: Interest[] = [];
  for (let step = 0; step < 6000; step++) {
    // Crowds come, and go to the last one.
    const comes = randomBelow(random, 8) < (step % 1000 < 500 ? 7 : 1);
    let changed: Interest;
    let members: number;
    if (comes || all.length === 0) {
      const subject = SUBJECTS[randomBelow(random, SUBJECTS.length)]!;
      const queue = ["", "q", "r"][randomBelow(random, 3)]!;
      const make = randomBelow(random, 2) === 0 ? local : remote;
      all.push(changed = make(subject, queue));
      members = world.add(changed);
    } else {
      changed = all.splice(randomBelow(random, all.length), 1)[0]!;
      members = world.remove(changed);
    }
    const { subject, queue } = changed;
    const expected = isLocal(changed)
      ? membersIn(all.filter(isLocal), subject, queue)
      : 0;
    assert.equal(members, expected, `step ${step}: ${subject} ${queue}`);
    assert.equal(world.locals.isEmpty, !all.some(isLocal));
    if (step % 50 === 0) assert.deepEqual(world.told(), counted(all));
  }
});

test("interest of other servers is a step without anything", () => {
  const world = new World();
  world.add(remote("a"));
  world.add(remote("b.*", "q"));
  world.add(local("c"));
  const steps = [...world.locals];
  assert.equal(steps.length, 3);
  assert.deepEqual(steps.filter((step) => step !== undefined), [
    { subject: "c", queue: "", members: 1 },
  ]);
});

test("one who comes and goes beside many of other servers is not counted among them each time", () => {
  const world = new World();
  const others = Array.from({ length: 20 }, (_, n) => remote("s", `q${n}`));
  for (const one of others) world.add(one);
  const mine = local("s");
  assert.equal(world.add(mine), 1);
  const crowd = world.sublist.subscribersTo("s");
  assert.ok(crowd instanceof Set);
  Object.defineProperty(crowd, Symbol.iterator, {
    value: () => assert.fail("all are gone through"),
  });
  assert.equal(world.remove(mine), 0);
  assert.equal(world.add(mine), 1);
  for (const one of others) world.remove(one);
  assert.equal(world.remove(mine), 0);
  assert.equal(world.add(mine), 1);
});

test("what changes on the way through it is met as it is then, or not at all", () => {
  for (const count of [1, 3, 20]) {
    const world = new World();
    // From some thousands on a map is divided.
    for (let n = 0; n < 5000; n++) world.add(local(`other.${n}`));
    const crowd = Array.from({ length: count }, () => local("gone", "q"));
    const left = [local("left", "q"), local("left", "q"), local("left", "q")];
    for (const one of [...crowd, ...left]) world.add(one);
    const met: LocalInterest[] = [];
    for (const one of world.locals) {
      if (one !== undefined) met.push(one);
      if (met.length > 1) continue;
      for (const member of crowd.splice(0)) world.remove(member);
      world.remove(left.pop()!);
    }
    // One of these two may have been the first.
    const told = met.slice(1).filter(({ queue }) => queue === "q").map(text);
    const isFirst = met[0]!.subject === "left";
    assert.deepEqual(told, isFirst ? [] : ["left q 2"], `${count} in a crowd`);
    assert.ok(met.length >= 5000);
  }
});
