/** Permissions as tables: what rules say of subjects, subscriptions and messages. */
import assert from "node:assert/strict";
import {
  type Permissions,
  permissionsOf,
  PublishVerdict,
} from "../../src/auth/permissions.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import type {
  PermissionsOptions,
  SubjectRules,
} from "../../src/options/options.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const { ALLOWED, NOT_ALLOWED, DENIED } = PublishVerdict;

/** `a b !c`: `a` and `b` are allowed, `c` is denied; a queue group stands behind a slash. */
function rules(text: string): SubjectRules {
  const entries = text.split(" ").filter((entry) => entry !== "");
  const named = entries.map((entry) => entry.replace("/", " "));
  const allow = named.filter((entry) => !entry.startsWith("!"));
  const deny = named.filter((entry) => entry.startsWith("!"))
    .map((entry) => entry.slice(1));
  return {
    ...(allow.length > 0 && { allow }),
    ...(deny.length > 0 && { deny }),
  };
}

function compiled(options: PermissionsOptions): Permissions {
  const permissions = permissionsOf(options);
  assert(permissions !== undefined);
  return permissions;
}

function publishing(permissions: Permissions, subject: string): PublishVerdict {
  const bytes = asciiBytes(subject);
  const verdict = permissions.publishing(bytes, 0, bytes.length);
  assert.equal(permissions.publishingTo(subject), verdict);
  // Once more from the cache, which keeps a subject from its second use on.
  for (let i = 0; i < 3; i++) {
    assert.equal(permissions.publishing(bytes, 0, bytes.length), verdict);
  }
  return verdict;
}

function hears(permissions: Permissions, subject: string, queue = ""): boolean {
  const bytes = asciiBytes(subject);
  // From the rules, from the cache, and from what the subject keeps of it.
  const memo = { hearer: undefined, heard: 0 };
  const [isHeard, ...again] = [undefined, undefined, memo, memo, memo].map(
    (kept) => permissions.mayHear(bytes, 0, bytes.length, queue, kept),
  );
  assert(again.every((answer) => answer === isHeard));
  if (permissions.letsAllHear(memo)) assert(isHeard);
  const others = compiled({ subscribe: { deny: [subject] } });
  assert(!others.letsAllHear(memo), "a memo is of one user's rules");
  return isHeard!;
}

test("a subject may be published to if a rule allows and none denies it", () => {
  const ROWS: readonly [rules: string, subject: string, PublishVerdict][] = [
    ["foo", "foo", ALLOWED],
    ["foo", "bar", NOT_ALLOWED],
    ["foo", "foo.bar", NOT_ALLOWED],
    ["foo.* bar.>", "foo.a", ALLOWED],
    ["foo.* bar.>", "foo.a.b", NOT_ALLOWED],
    ["foo.* bar.>", "bar.a.b", ALLOWED],
    ["foo.* bar.>", "bar", NOT_ALLOWED],
    ["foo.* !foo.a", "foo.a", DENIED],
    ["foo.* !foo.a", "foo.b", ALLOWED],
    ["!foo.>", "bar", ALLOWED],
    ["!foo.>", "foo.a.b", DENIED],
    ["!foo.>", "foo", ALLOWED],
    // Published wildcards are ordinary tokens.
    ["foo.*", "foo.>", ALLOWED],
    ["foo.a", "foo.*", NOT_ALLOWED],
    [">", "foo..a", NOT_ALLOWED],
    [">", "", NOT_ALLOWED],
    // Rules are UTF-8 on the wire.
    ["gr\u00fc\u00df.*", "gr\xc3\xbc\xc3\x9f.a", ALLOWED],
  ];
  for (const [text, subject, verdict] of ROWS) {
    const permissions = compiled({ publish: rules(text) });
    assert.equal(publishing(permissions, subject), verdict, text + subject);
    assert.equal(permissions.maySubscribe(subject || "a", "q"), true);
  }
});

test("who may respond may publish nothing else, unless rules allow it", () => {
  const responses = { maxMessages: 1, expiresMs: 1000 };
  const ROWS: readonly [PermissionsOptions, string, PublishVerdict][] = [
    [{ responses }, "a", NOT_ALLOWED],
    [{ responses, publish: rules("!a") }, "a", DENIED],
    [{ responses, publish: rules("!a") }, "b", NOT_ALLOWED],
    [{ responses, publish: rules("b !a") }, "b", ALLOWED],
    [{ responses, publish: rules("a !a") }, "a", DENIED],
    // A list that is given and empty allows nothing.
    [{ publish: { allow: [] } }, "a", NOT_ALLOWED],
    [{ publish: { allow: [], deny: ["b"] } }, "a", NOT_ALLOWED],
  ];
  for (const [options, subject, verdict] of ROWS) {
    assert.equal(publishing(compiled(options), subject), verdict);
  }
});

test("a subscription has to lie within what is allowed, and outside of what is denied", () => {
  const YES = true;
  const NO = false;
  const ROWS: readonly [rules: string, subscription: string, boolean][] = [
    ["foo", "foo", YES],
    ["foo", "foo/q", YES],
    ["foo", "bar", NO],
    ["foo", "*", NO],
    ["foo", ">", NO],
    ["foo.*", "foo.a", YES],
    ["foo.*", "foo.*", YES],
    ["foo.*", "foo.>", NO],
    ["foo.*", "foo.>/q", NO],
    ["foo.*", "*.*", NO],
    ["foo.*", "foo.*.>", NO],
    ["*", ">", NO],
    ["*", "*", YES],
    ["*.*", ">", NO],
    ["a.*.c", "a.*.*", NO],
    ["a.*.c", "a.>", NO],
    ["a.*.c", "a.*.c", YES],
    ["foo.>", "foo.>", YES],
    ["foo.>", "foo.*.bar", YES],
    ["foo.>", "foo", NO],
    [">", "a.*.>", YES],
    // Together they allow all that it may hear.
    ["foo.* foo.*.>", "foo.>", YES],
    ["foo.* foo.*.*.>", "foo.>", NO],
    ["foo.* foo.*.* foo.*.*.>", "foo.>", YES],
    ["foo.a foo.*", "foo.*", YES],
    ["* *.* *.*.* *.*.*.>", ">", YES],
    ["* *.* *.*.*", ">", NO],
    // What is denied.
    ["!foo", "foo", NO],
    ["!foo", "foo/q", NO],
    ["!foo", "bar", YES],
    ["!foo", "*", YES],
    ["!foo.*", "foo.*", NO],
    ["!foo.*", "foo.>", NO],
    ["!foo.*", "foo.a.*", YES],
    ["!foo.*", ">", YES],
    ["foo.> !foo.a", "foo.>", YES],
    ["foo.> !foo.a", "foo.a", NO],
    // Queue groups.
    ["q.x q.x/v1", "q.x", YES],
    ["q.x q.x/v1", "q.x/v1", YES],
    ["q.x q.x/v1", "q.x/v2", NO],
    ["foo/v1", "foo", NO],
    ["foo/v1", "foo/v1", YES],
    ["foo/v1", "foo/v1.x", NO],
    ["foo/v1.*", "foo/v1.x", YES],
    ["foo/v1.*", "foo/v1.x.y", NO],
    ["foo/*.prod", "foo/a.prod", YES],
    ["foo/*.prod", "foo/a.test", NO],
    ["w/>", "w/a.b", YES],
    ["w/>", "w/a..b", YES],
    ["w/>", "w", NO],
    ["foo/v1.*", "foo/v1.*", YES],
    ["foo/*", "foo/>", NO],
    ["q.> q.x/v1", "q.*/v2", YES],
    ["q.* q.*/v1", "q.x/v2", NO],
    ["!q.x/v1", "q.x/v1", NO],
    ["!q.x/v1", "q.x/v2", YES],
    ["!q.x/v1", "q.x", YES],
    ["!q.x/v1", "q.*/v1", YES],
    ["!q.x !q.x/v1", "q.x/v2", NO],
    ["!w/>", "w", YES],
    ["!w/>", "w/a..b", NO],
    ["!w/v1.*", "w/v1.a", NO],
    // Not a subject at all.
    [">", "foo.", NO],
    [">", "a..b", NO],
  ];
  for (const [text, subscription, isAllowed] of ROWS) {
    const [subject = "", queue = ""] = subscription.split("/");
    const permissions = compiled({ subscribe: rules(text) });
    assert.equal(
      permissions.maySubscribe(subject, queue),
      isAllowed,
      `${text} <- ${subscription}`,
    );
  }
});

test("a message is heard where a rule allows its subject, in the group, and none denies it", () => {
  const ROWS: readonly [rules: string, subject: string, boolean][] = [
    ["!foo.a", "foo.a", false],
    ["!foo.a", "foo.a/q", false],
    ["!foo.a", "foo.b", true],
    ["!foo.*", "foo.a.b", true],
    ["foo.>", "bar", false],
    ["!q.x/v1", "q.x/v1", false],
    ["!q.x/v1", "q.x/v2", true],
    ["!q.x/v1", "q.x", true],
    ["!q.x/v.*", "q.x/v.1", false],
    ["q.> q.x/v1", "q.x/v2", false],
    ["q.> q.x/v1", "q.x/v1", true],
    ["q.> q.x/v1", "q.y/v2", true],
    ["q.> q.x/v1", "q.x", true],
  ];
  for (const [text, where, isHeard] of ROWS) {
    const [subject = "", queue = ""] = where.split("/");
    const permissions = compiled({ subscribe: rules(text) });
    assert.equal(hears(permissions, subject, queue), isHeard, text + where);
  }
});

test("only subscriptions that can meet what they may not hear are filtered", () => {
  const ROWS: readonly [rules: string, subscription: string, boolean][] = [
    ["!foo.a", "foo.*", true],
    ["!foo.a", "bar.*", false],
    ["!foo.*", "foo.a.*", false],
    ["!foo.*", ">", true],
    ["!q.x/v1", "q.*/v1", true],
    ["!q.x/v1", "q.*/v2", false],
    ["!q.x/v1", "q.*", false],
    ["q.> q.x/v1", "q.*/v2", true],
    ["q.> q.x/v1", "q.*", false],
  ];
  for (const [text, subscription, isFiltered] of ROWS) {
    const [subject = "", queue = ""] = subscription.split("/");
    const permissions = compiled({ subscribe: rules(text) });
    assert.equal(
      permissions.needsFilter(subject, queue),
      isFiltered,
      `${text} <- ${subscription}`,
    );
  }
});

test("a rule that makes no sense allows nothing, and denies everything", () => {
  for (const bad of ["a..b", "foo.>.bar", "", ".", "a b c", " "]) {
    const allowed = compiled({ subscribe: { allow: [bad] } });
    assert.equal(allowed.maySubscribe("foo", ""), false, bad);
    const denied = compiled({ publish: { deny: [bad] } });
    assert.equal(publishing(denied, "foo"), DENIED, bad);
  }
});

test("users with the same options share their permissions; no rules are none", () => {
  const options: PermissionsOptions = { publish: { allow: ["a"] } };
  assert.equal(permissionsOf(options), permissionsOf(options));
  assert.notEqual(permissionsOf(options), permissionsOf({ ...options }));
  assert.equal(permissionsOf(undefined), undefined);
  for (const none of [{}, { publish: {} }, { subscribe: { deny: [] } }]) {
    assert.equal(permissionsOf(none), undefined);
  }
});

test("the answers for many subjects and queue groups are bounded, and stay right", () => {
  const permissions = compiled({
    publish: rules("in.*.1"),
    subscribe: rules("> !in.*.2/bad.*"),
  });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5000; i++) {
      const bytes = asciiBytes(`in.${i}.${i % 3}`);
      assert.equal(
        permissions.publishing(bytes, 0, bytes.length),
        i % 3 === 1 ? ALLOWED : NOT_ALLOWED,
      );
      const queue = i % 2 === 0 ? `bad.${i}` : `good.${i}`;
      assert.equal(
        permissions.mayHear(bytes, 0, bytes.length, queue, undefined),
        i % 3 !== 2 || i % 2 === 1,
      );
    }
  }
});

test("many rules, which are looked up in another way, say the same as few", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const oneOf = (list: readonly string[]): string =>
    list[randomBelow(random, list.length)]!;
  const subject = (): string => {
    const tokens = Array.from(
      { length: 1 + randomBelow(random, 4) },
      () => oneOf(["a", "b", "*"]),
    );
    return [...tokens, ...(random.next() < 0.3 ? [">"] : [])].join(".");
  };
  const filler = (count: number) =>
    Array.from({ length: count }, (_, n) => `filler.${n}`);
  for (let round = 0; round < 300; round++) {
    const allow = Array.from({ length: 5 }, subject);
    const deny = Array.from({ length: 2 }, subject);
    const few = compiled({ subscribe: { allow, deny } });
    const many = compiled({
      subscribe: {
        allow: [...allow, ...filler(40)],
        deny: [...deny, ...filler(2000)],
      },
    });
    for (let n = 0; n < 20; n++) {
      const wanted = subject();
      const where = `${wanted} by ${allow} without ${deny}, seed ${seed}`;
      const isAllowed = few.maySubscribe(wanted, "");
      assert.equal(many.maySubscribe(wanted, ""), isAllowed, where);
      // It may be filtered for nothing, but not the other way round.
      assert.ok(many.needsFilter(wanted, ""), where);
      const heard = wanted.replaceAll(/[*>]/g, "b");
      assert.equal(hears(many, heard), hears(few, heard), where);
    }
  }
});
