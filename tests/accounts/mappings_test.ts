/** Mappings of an account: whose destination a message gets, by weights, clusters and specificity. */
import assert from "node:assert/strict";
import { Accounts } from "../../src/accounts/accounts.ts";
import { Mappings } from "../../src/accounts/mappings.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import type {
  MappingDestination,
  MappingOptions,
} from "../../src/options/options.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

function to(
  subject: string,
  weight = 100,
  cluster = "",
): MappingDestination {
  return { subject, weight, cluster };
}

function mapping(
  source: string,
  ...destinations: MappingDestination[]
): MappingOptions {
  return { source, destinations };
}

/** How often messages on `subject` get which other one, of a thousand. */
function spread(
  list: readonly MappingOptions[],
  subject: string,
  cluster = "",
): Record<string, number> {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const mappings = new Mappings(list, "A", {
    random: seededRandom(seed),
    clusterName: () => cluster,
    complain: (text) => assert.fail(text),
  });
  const mapped = mappings.of(subject);
  assert.ok(mapped, subject);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const made = byteString(mapped.next());
    counts[made] = (counts[made] ?? 0) + 1;
  }
  return counts;
}

/** What messages on `subject` always get; undefined: they stay. */
function only(
  list: readonly MappingOptions[],
  subject: string,
  cluster = "",
): string | undefined {
  const mappings = new Mappings(list, "A", {
    random: seededRandom(1),
    clusterName: () => cluster,
    complain: (text) => assert.fail(text),
  });
  const mapped = mappings.of(subject);
  return mapped && byteString(mapped.next());
}

function isNear(actual: number | undefined, expected: number): void {
  const far = `${actual} is far from ${expected}`;
  assert.ok(Math.abs((actual ?? 0) - expected) < 120, far);
}

test("weights share messages out, and what they leave stays where it was", () => {
  const shared = spread(
    [mapping("a.*", to("b.$1", 20), to("c.$1", 50))],
    "a.x",
  );
  assert.deepEqual(Object.keys(shared).sort(), ["a.x", "b.x", "c.x"]);
  isNear(shared["b.x"], 200);
  isNear(shared["c.x"], 500);
  isNear(shared["a.x"], 300);
});

test("a source that is written among its destinations loses what weights leave", () => {
  const shared = spread([mapping("a", to("a", 30), to("b", 30))], "a");
  assert.deepEqual(Object.keys(shared).sort(), ["", "a", "b"]);
  isNear(shared[""], 400);
  assert.deepEqual(spread([mapping("a", to("a", 0))], "a"), { "": 1000 });
});

test("no destination, or none for this cluster, leaves messages where they were", () => {
  assert.equal(only([mapping("a.*.>")], "a.x.y"), "a.x.y");
  assert.equal(only([mapping("a", to("b", 100, "east"))], "a", "west"), "a");
  assert.equal(only([mapping("a", to("b", 0))], "a"), "a");
});

test("a cluster's own destinations hold in place of the others there", () => {
  const list = [
    mapping("a", to("everywhere"), to("east", 40, "e"), to("more", 60, "e")),
  ];
  assert.equal(only(list, "a"), "everywhere");
  assert.equal(only(list, "a", "w"), "everywhere");
  const east = spread(list, "a", "e");
  assert.deepEqual(Object.keys(east).sort(), ["east", "more"]);
  isNear(east["east"], 400);
});

test("the most specific of several sources counts, whatever their order", () => {
  const sources = [">", "*.>", "*.*", "*.b", "a.>", "a.*", "a.b"];
  const expected: [string, string][] = [
    ["a.b", "a.b"],
    ["a.c", "a.*"],
    ["a.b.c", "a.>"],
    ["x.b", "*.b"],
    ["x.y", "*.*"],
    ["x.y.z", "*.>"],
    ["x", ">"],
  ];
  for (const order of [sources, sources.toReversed()]) {
    const list = order.map((source) =>
      mapping(
        source,
        to(
          source.endsWith(">") ? `${source.length}.>` : source
            .replaceAll("*", "s"),
        ),
      )
    );
    for (const [subject, source] of expected) {
      const chosen = source.endsWith(">")
        ? `${source.length}.`
        : source.replaceAll("*", "s");
      assert.ok(
        only(list, subject)?.startsWith(chosen),
        `${subject} ${source}`,
      );
    }
  }
});

test("a subject with an empty token is not mapped, and neither is another one", () => {
  const list = [mapping("a.>", to("b.>"))];
  for (const subject of ["a..b", "a.", "", "b.c", "a"]) {
    assert.equal(only(list, subject), undefined, `"${subject}"`);
  }
});

test("a mapping that makes no sense is left out, with a complaint", () => {
  const complaints: string[] = [];
  const mappings = new Mappings(
    [mapping("a.*", to("b.$2")), mapping("a..b"), mapping("c", to("d"))],
    "A",
    {
      random: seededRandom(1),
      clusterName: () => "",
      complain: (text) => complaints.push(text),
    },
  );
  assert.equal(mappings.of("a.x"), undefined);
  assert.equal(byteString(mappings.of("c")!.next()), "d");
  assert.deepEqual(complaints, [
    'Error adding subject mapping "a.*" for account [A]: invalid mapping ' +
    "destination: wildcard index out of range in $2: [2]",
    'Error adding subject mapping "a..b" for account [A]: invalid subject',
  ]);
});

test("what is random is drawn for each message", () => {
  const drawn = spread([mapping("a.*", to("b.{{random(4)}}"))], "a.x");
  assert.deepEqual(Object.keys(drawn).sort(), ["b.0", "b.1", "b.2", "b.3"]);
});

test("the hash of the account's name stands in sources and destinations", () => {
  const list = [mapping("{{account-hash()}}.*", to("x.{{account-hash()}}.$1"))];
  assert.equal(only(list, "NUmM6cRx.a"), "x.NUmM6cRx.a");
});

test("a source in letters beyond ASCII matches the bytes of its UTF-8", () => {
  const list = [mapping("größe.*", to("maß.$1"))];
  assert.equal(only(list, "gr\xc3\xb6\xc3\x9fe.x"), "ma\xc3\x9f.x");
});

test("what an account knows of a subject follows its mappings at once", () => {
  const account = new Accounts(accountSettings()).global;
  const bytes = asciiBytes("a");
  const mapped = (): string | undefined => {
    const facts = account.facts(bytes, 0, bytes.length);
    return facts.mapped && byteString(facts.mapped.next());
  };
  for (let i = 0; i < 3; i++) assert.equal(mapped(), undefined);
  account.map([mapping("a", to("b"))]);
  for (let i = 0; i < 3; i++) assert.equal(mapped(), "b");
  account.map([mapping("a", to("c"))]);
  for (let i = 0; i < 3; i++) assert.equal(mapped(), "c");
  account.map([]);
  for (let i = 0; i < 3; i++) assert.equal(mapped(), undefined);
});
