/**
 * The rules of the house that a machine can check; `docs/decisions` tells why
 * we have them. What breaks one today stands in `tests/tidy_exemptions.ts`, and
 * must be taken out there as soon as it is mended.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { sourcesOf, topPrograms } from "./support/sources.ts";
import { test } from "./support/test.ts";
import { PROJECT_FOLDER, sameEverywhere } from "./support/runtimes.ts";
import {
  banners,
  type Check,
  circles,
  deadExports,
  evasions,
  largeClasses,
  largeInterfaces,
  longFiles,
  longFunctions,
  namesakes,
  noHead,
  oddWords,
  type Repository,
  unlimitedTests,
} from "./support/tidy_checks.ts";
import { EXEMPT } from "./tidy_exemptions.ts";

const src = sourcesOf("src");
const repository: Repository = {
  src,
  all: [
    ...src,
    ...["scripts", "examples", "tests"].flatMap(sourcesOf),
    ...topPrograms(),
  ],
};

/** Fails for what is new, and for exemptions that nothing needs any more. */
function check(
  title: string,
  find: Check,
  exempt: readonly string[] = [],
): void {
  test(title, { skip: sameEverywhere }, () => {
    const found = find(repository);
    const covers = (entry: string, finding: string): boolean =>
      finding === entry || finding.startsWith(`${entry}:`);
    const problems = [
      ...found
        .filter((finding) => !exempt.some((entry) => covers(entry, finding)))
        .map((finding) => `broken: ${finding}`),
      ...exempt
        .filter((entry) => !found.some((finding) => covers(entry, finding)))
        .map((entry) => `take it out of tidy_exemptions.ts: ${entry}`),
      ...exempt.filter((entry, at) => at > 0 && entry <= exempt[at - 1]!)
        .map((entry) => `not in order in tidy_exemptions.ts: ${entry}`),
    ];
    assert.equal(problems.join("\n"), "");
  });
}

check("no function is longer than 60 lines", longFunctions);

check("no file of src is longer than 400 lines", longFiles, EXEMPT.longFiles);

check(
  "no file imports itself by way of others, types included",
  circles,
  EXEMPT.circles,
);

check(
  "no file is divided by banners, such as `// --- names`",
  banners,
  EXEMPT.banners,
);

check(
  "what src exports is imported by another file",
  deadExports,
  EXEMPT.deadExports,
);

check("an exported name means one thing in src", namesakes, EXEMPT.namesakes);

check(
  "a class with more than 12 public members gives the reason",
  largeClasses,
  EXEMPT.largeClasses,
);

check(
  "an interface to call with more than 12 members gives the reason",
  largeInterfaces,
  EXEMPT.largeInterfaces,
);

check("every file begins with a comment about itself", noHead);

check(
  "comments and titles do without words that read as a translation",
  oddWords,
  EXEMPT.oddWords,
);

check(
  "no comment switches a check off",
  evasions,
  EXEMPT.evasions,
);

check("all tests have a time limit", unlimitedTests);

/** Programs and documents that users look for there; everything else has a folder. */
const AT_THE_TOP = [
  ...["cfgparse.ts", "client.ts", "cluster.ts", "mod.ts", "server.ts"],
  ...["deno.json", "package.json", "package-lock.json", "LICENSE"],
  ...["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"],
  "SECURITY.md",
];

test("no other files stand at the top", { skip: sameEverywhere }, () => {
  const strays = readdirSync(PROJECT_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^\.|\.(log|pid)$/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !AT_THE_TOP.includes(name));
  assert.deepEqual(strays, []);
});
