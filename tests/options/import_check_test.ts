/** What is said of exports and imports that do not fit, in nats-server's words. */
import assert from "node:assert/strict";
import { importProblems } from "../../src/options/import_check.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { NO_ACTIVATION } from "../../src/options/import_rules.ts";
import type { AccountOptions } from "../../src/options/options.ts";
import {
  accountOptions,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { test } from "../support/test.ts";

/** `account list index: text` for each problem. */
function problemsIn(...accounts: readonly AccountOptions[]): string[] {
  return finishSteps(importProblems(accounts, NO_ACTIVATION)).map(
    ({ account, list, index, text }) => `${account} ${list} ${index}: ${text}`,
  );
}

const EXPORTER = accountOptions("A", {
  exports: [streamExport("s.>"), serviceExport("q.>")],
});

/** What is wrong when B imports these from A. */
function importing(
  ...imports: readonly AccountOptions["imports"][number][]
): string[] {
  return problemsIn(EXPORTER, accountOptions("B", { imports }))
    .map((text) => text.replace(/^B imports /, ""));
}

test("exports that name an unknown account or a token that is no wildcard", () => {
  const exports = [
    streamExport("s.>", { accounts: ["ZZ"] }),
    serviceExport("x", { accounts: ["ZZ"] }),
    streamExport("a.*", { accountTokenPosition: 1 }),
    serviceExport("b.c", { accountTokenPosition: 2 }),
    streamExport("a..b", { accountTokenPosition: 2 }),
    streamExport("ok.*", { accountTokenPosition: 2 }),
  ];
  assert.deepEqual(problemsIn(accountOptions("A", { exports })), [
    'A exports 0: "ZZ" account not defined for stream export',
    'A exports 1: "ZZ" account not defined for service export',
    'A exports 2: Error adding stream export "a.*": sublist: invalid subject',
    'A exports 3: Error adding service export "b.c": sublist: invalid subject',
  ]);
});

test("imports of accounts that are not there, and of what nobody exports", () => {
  assert.deepEqual(
    importing(
      streamImport("Q", "s.a"),
      serviceImport("Q", "q.b"),
      streamImport("A", "zz"),
      serviceImport("A", "zz"),
      serviceImport("A", "s.a"),
      streamImport("A", "s..a"),
      streamImport("A", ">"),
      serviceImport("A", "q.a"),
    ),
    [
      '0: "Q" account not defined for stream import',
      '1: "Q" account not defined for service import',
      '2: Error adding stream import "zz": stream import not authorized',
      '3: Error adding service import "zz": service import not authorized',
      '4: Error adding service import "s.a": service import not authorized',
      '5: Error adding stream import "s..a": stream import not authorized',
      '6: Error adding stream import ">": stream import not authorized',
    ],
  );
});

test("an export of that very subject decides alone, a list and a token position both count", () => {
  const exports = [
    streamExport("s.>"),
    streamExport("s.secret", { accounts: ["C"] }),
    streamExport("t.*", { accountTokenPosition: 2 }),
    streamExport("u.*", { accountTokenPosition: 2, accounts: ["C"] }),
    streamExport("v", { tokenRequired: true }),
    streamExport("w", { accounts: [] }),
  ];
  const imports = ["s.secret", "s.x", "t.B", "t.C", "t.*", "u.B", "v", "w"]
    .map((subject) => streamImport("A", subject));
  const problems = problemsIn(
    accountOptions("A", { exports }),
    accountOptions("B", { imports }),
    accountOptions("C", {
      imports: [streamImport("A", "s.secret"), streamImport("A", "u.C")],
    }),
  );
  assert.deepEqual(
    problems,
    ["0:s.secret", "3:t.C", "4:t.*", "5:u.B", "6:v"].map((which) => {
      const [index, subject] = which.split(":");
      return `B imports ${index}: Error adding stream import "${subject}": stream import not authorized`;
    }),
  );
});

test("several exports of one subject are one, with the accounts of all lists", () => {
  const only = (...accounts: string[]) => streamExport("s.*", { accounts });
  const toAll = streamExport("s.*");
  const byToken = streamExport("s.*", { accountTokenPosition: 2 });
  const isOpen = (
    subject: string,
    ...exports: readonly AccountOptions["exports"][number][]
  ): boolean =>
    problemsIn(
      accountOptions("A", { exports }),
      accountOptions("B", { imports: [streamImport("A", subject)] }),
      accountOptions("C"),
    ).length === 0;
  for (const subject of ["s.*", "s.B"]) {
    assert.equal(isOpen(subject, only("C"), toAll), false, subject);
    assert.equal(isOpen(subject, toAll, only("C")), false, subject);
    assert.equal(isOpen(subject, only("A"), only("C")), false, subject);
    assert.equal(isOpen(subject, only("B"), only("C")), true, subject);
    assert.equal(isOpen(subject, only("C"), only("B")), true, subject);
    assert.equal(isOpen(subject, byToken, only("C")), false, subject);
    assert.equal(isOpen(subject, byToken, only("B")), true, subject);
    assert.equal(isOpen(subject, toAll, toAll), true, subject);
  }
  for (const others of [[byToken, toAll], [toAll, byToken]]) {
    assert.equal(isOpen("s.*", ...others), false);
    assert.equal(isOpen("s.B", ...others), true);
    assert.equal(isOpen("s.C", ...others), false);
  }
  assert.equal(isOpen("s.B", only("C"), byToken), true);
  assert.equal(isOpen("s.C", only("B"), byToken), false);
});

test("an import that needs a token asks what the token says", () => {
  const asked: string[] = [];
  const exports = [serviceExport("q", { tokenRequired: true })];
  const imports = [serviceImport("A", "q", { token: "good" })];
  const accounts = [
    accountOptions("A", { exports }),
    accountOptions("B", { imports }),
  ];
  const work = importProblems(accounts, ({ token }, importer, offered) => {
    asked.push(`${token} ${importer} ${offered.subject}`);
    return Infinity;
  });
  assert.deepEqual(finishSteps(work), []);
  assert.deepEqual(asked, ["good B q"]);
});

test("subjects that cannot be translated", () => {
  const stream = 'Error adding stream import "s.*": failed to create mapping';
  const service = 'Error adding service import "q.*": failed to create mapping';
  assert.deepEqual(
    importing(
      streamImport("A", "s.>", { local: "x" }),
      streamImport("A", "s.*", { local: "x.{{partition(3,1)}}" }),
      serviceImport("A", "q.*", { local: "x" }),
      serviceImport("A", "q.a", { local: "q..d" }),
      serviceImport("A", "q.*.*", { local: "q..d.$1.$2" }),
      serviceImport("A", "q.*.*.*", { local: "q.*.d" }),
      serviceImport("A", "q.*.*.x", { local: "m.$2.$1" }),
      serviceImport("A", "q.c", { local: "q.*" }),
      streamImport("A", "s.*.x", { local: "m.*" }),
    ),
    [
      '0: Error adding stream import "s.>": failed to create mapping transform for stream import subject from "s.>" to "x": invalid subject',
      `1: ${stream} transform for stream import subject from "s.*" to "x.{{partition(3,1)}}": invalid mapping destination: the only mapping function allowed for import transforms is {{Wildcard()}} in {{partition(3,1)}}`,
      `2: ${service} transform for service import subject from "x" to "q.*": invalid mapping destination: not using all of the token wildcard(s) in x`,
      '3: Error adding service import "q.a": sublist: invalid subject',
      '4: Error adding service import "q.*.*": sublist: invalid subject',
      '5: Error adding service import "q.*.*.*": failed to create mapping transform for service import subject from "q.*.d" to "q.*.*.*": invalid mapping destination: not using all of the token wildcard(s) in q.$1.d',
    ],
  );
});

test("one subject twice: of services that is all that is said", () => {
  assert.deepEqual(
    importing(
      streamImport("A", "zz"),
      serviceImport("A", "q.a"),
      serviceImport("A", "q.b", { local: "q.a" }),
    ),
    [
      '2: Duplicate service import subject "q.a", previously used in import for account "A", subject "q.a"',
    ],
  );
  assert.deepEqual(
    importing(
      streamImport("A", "s.a"),
      streamImport("A", "s.a", { local: "x" }),
    ),
    ['1: Error adding stream import "s.a": stream import already exists'],
  );
});

/** A ring of accounts, each of which imports `kind` from the next one. */
function ring(
  names: readonly string[],
  kind: "stream" | "service",
): AccountOptions[] {
  return names.map((name, i) => {
    const next = names[(i + 1) % names.length]!;
    const from = next.toLowerCase();
    const local = name.toLowerCase();
    return kind === "stream"
      ? accountOptions(name, {
        exports: [streamExport(local)],
        imports: [streamImport(next, from, { local })],
      })
      : accountOptions(name, {
        exports: [serviceExport(local)],
        imports: [serviceImport(next, from, { local })],
      });
  });
}

for (const kind of ["stream", "service"] as const) {
  for (const names of [["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D"]]) {
    test(`a ring of ${names.length} ${kind} imports is a cycle, by the name of each`, () => {
      assert.deepEqual(
        problemsIn(...ring(names, kind)),
        names.map((name, i) => {
          const next = names[(i + 1) % names.length]!.toLowerCase();
          return `${name} imports 0: Error adding ${kind} import "${next}": import forms a cycle`;
        }),
      );
    });
  }
}

test("imports in both directions are no cycle as long as none leads back to itself", () => {
  assert.deepEqual(
    problemsIn(
      accountOptions("A", {
        exports: [serviceExport("a.>")],
        imports: [serviceImport("B", "b.x", { local: "a.x" })],
      }),
      accountOptions("B", {
        exports: [serviceExport("b.>")],
        imports: [serviceImport("A", "a.y", { local: "b.y" })],
      }),
    ),
    [],
  );
});

test("an account may import from itself", () => {
  const exports = [serviceExport("a.>")];
  const once = [serviceImport("A", "a.x", { local: "a.y" })];
  assert.deepEqual(
    problemsIn(accountOptions("A", { exports, imports: once })),
    [],
  );
});

// CVE-2020-28466, CVE-2022-42709: imports that were followed without end.
test("a chain that is too long is not followed to its end", () => {
  const accounts = Array.from(
    { length: 1_100 },
    (_, i) =>
      accountOptions(`A${i}`, {
        exports: [serviceExport(`s${i}`)],
        imports: [
          serviceImport(`A${i + 1}`, `s${i + 1}`, { local: `s${i}` }),
        ],
      }),
  );
  const problems = problemsIn(...accounts);
  assert.equal(
    problems[0],
    'A0 imports 0: Error adding service import "s1": search cycle depth exhausted',
  );
  assert.match(problems.at(-1)!, /"A1100" account not defined/);
});
