/** Which files share a process, and what their runner is given. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { groupsOf, isOnStage, writeGroups } from "../../scripts/test_groups.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

function filesIn(room: string, count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `./tests/${room}/${String(at).padStart(2, "0")}_test.ts`,
  );
}

const ON_STAGE = ["./tests/article/a_test.ts", "./tests/docs/b_test.ts"];
const ALONE = "./tests/runtime/garbage_test.ts";

function textOf(file: string): string {
  return ON_STAGE.includes(file) ? "await Stage.enter(t);" : "";
}

test("each file is in one group, with others of its folder", () => {
  const files = [
    ...filesIn("core", 50),
    ...filesIn("compat", 9),
    ...filesIn("runtime", 3),
    "./tests/tidy_test.ts",
    ...ON_STAGE,
    ALONE,
  ].sort();
  const groups = groupsOf(files, textOf);
  assert.deepEqual(groups.flatMap((group) => group.files).sort(), files);
  assert.deepEqual(
    groups.map(({ name, files }) => [name, files.length]),
    [
      ["stage", 2],
      ...[["compat", 5], ["compat", 4]],
      ...[["core", 25], ["core", 25]],
      ["runtime", 3],
      ["tidy_test.ts", 1],
      ["runtime", 1],
    ],
  );
  assert.deepEqual(groups[0]!.files, ON_STAGE);
  assert.deepEqual(groups.filter(isOnStage), [groups[0]]);
  assert.deepEqual(groups.at(-1)!.files, [ALONE]);
});

test("files keep their order, within a group and from one to the next", () => {
  const files = filesIn("core", 90);
  const groups = groupsOf(files, () => "");
  assert.deepEqual(groups.flatMap((group) => group.files), files);
});

test("the files that want to be alone are there", () => {
  assert.ok(existsSync(join(PROJECT_FOLDER, ALONE)));
});

test("a runner is given a file alone, or one that imports several", (t) => {
  const project = temporaryFolder(t);
  const folder = join(project, "groups");
  const groups = [
    { name: "core", files: ["./tests/a_test.ts", "./tests/b_test.ts"] },
    { name: "wire", files: ["./tests/c_test.ts"] },
  ];
  const [first, second] = writeGroups(groups, project, folder);
  assert.equal(first, join(folder, "01_core_test.ts"));
  assert.equal(second, "./tests/c_test.ts");
  const urls = ["a", "b"].map((name) =>
    pathToFileURL(join(project, `tests/${name}_test.ts`))
  );
  assert.equal(
    readFileSync(first!, "utf8"),
    urls.map((url) => `import "${url}";\n`).join(""),
  );
  assert.equal(
    JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).type,
    "module",
  );
});
