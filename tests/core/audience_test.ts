/** Who hears one subject: one, a few, or many. */
import assert from "node:assert/strict";
import {
  type Audience,
  commonSubject,
  hasMember,
  membersOf,
  withMember,
  withoutMember,
} from "../../src/core/audience.ts";
import type { Subscriber } from "../../src/core/subject_match.ts";
import { test } from "../support/test.ts";

type Member = Subscriber;

const MEMBERS: readonly Member[] = Array.from(
  { length: 20 },
  (_, weight) => ({ subject: "s", queue: "", weight }),
);

function audienceOf(members: readonly Member[]): Audience<Member> {
  const [first, ...others] = members;
  return others.reduce<Audience<Member>>(
    (audience, member) => withMember(audience, member),
    withMember<Member>(undefined, first!),
  );
}

test("an audience of any size has its members, in their order", () => {
  for (let size = 1; size <= MEMBERS.length; size++) {
    const members = MEMBERS.slice(0, size);
    const audience = audienceOf(members);
    assert.deepEqual([...membersOf(audience)], members);
    assert.equal(commonSubject(audience), "s");
    for (const member of MEMBERS) {
      assert.equal(hasMember(audience, member), members.includes(member));
    }
  }
});

test("who goes leaves the others in their order, and the last one nothing", () => {
  for (let size = 1; size <= MEMBERS.length; size++) {
    let members = MEMBERS.slice(0, size);
    let audience: Audience<Member> | undefined = audienceOf(members);
    while (audience !== undefined) {
      const gone: Member = members[Math.floor(members.length / 2)]!;
      members = members.filter((member) => member !== gone);
      audience = withoutMember(audience, gone);
      assert.deepEqual(
        audience === undefined ? [] : [...membersOf(audience)],
        members,
      );
    }
    assert.equal(members.length, 0);
  }
});

test("an audience tells its subject when all have gone, and looks at none of many for it", () => {
  const audience = audienceOf(MEMBERS);
  assert.ok(audience instanceof Set);
  for (const member of MEMBERS) withoutMember(audience, member);
  Object.defineProperty(audience, Symbol.iterator, {
    value: () => assert.fail("it is gone through"),
  });
  assert.equal(commonSubject(audience), "s");
});

test("who goes through a few members misses none when others come and go", () => {
  const [one, two, three, four] = MEMBERS.slice(0, 4) as [
    Member,
    Member,
    Member,
    Member,
  ];
  const audience = audienceOf([one, two, three]);
  const heard: Member[] = [];
  for (const member of membersOf(audience)) {
    heard.push(member);
    withoutMember(audience, member);
    withMember(audience, four);
    if (heard.length === MEMBERS.length) break;
  }
  assert.deepEqual(heard, [one, two, three]);
});

test("a single subscriber is its own audience, also where there were two", () => {
  const [one, two] = MEMBERS.slice(0, 2) as [Member, Member];
  const both = withMember<Member>(one, two);
  assert.ok(Array.isArray(both), "two of them are no set");
  assert.equal(withoutMember(both, two), one);
  assert.equal(withoutMember<Member>(one, one), undefined);
});
