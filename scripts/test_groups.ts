/**
 * Which test files share a process. Each process loads the sources anew, which
 * costs a second of processor time, more than most files need for their tests:
 * so files of one folder that stand beside each other are imported, one after
 * the other, by one file that the runner is given. Their tests run in that
 * order, as those of one file do.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** These have a process of their own, for what they look at is the process. */
const ALONE: readonly string[] = [
  "tests/runtime/garbage_test.ts", // what else the process holds
  "tests/net/turns_test.ts", // how often the loop looks at its sockets
];

/** Folders whose tests start programs and servers: they come first, as they take long. */
const HEAVY: readonly string[] = [
  "package",
  "ship",
  "compat",
  "article",
  "commands",
  "docs",
  "app",
  "browser",
  "routes",
  "jetstream",
  "testkit",
  "websocket",
];
const HEAVY_SIZE = 8;
const SIZE = 40;

/** A test that wants the article's ports waits until no other has them. */
const STAGE = /\bStage\.enter\(/;

const STAGE_NAME = "stage";

/** Some files, as they are named below `tests/`. */
export interface TestGroup {
  /** The folder, or "stage". */
  readonly name: string;
  readonly files: readonly string[];
}

/**
 * Puts files, `./tests/room/some_test.ts`, into groups; the first ones take
 * longest. All that want the article's ports are in one, as they cannot run
 * beside each other. `textOf` gives what is in a file.
 */
export function groupsOf(
  files: readonly string[],
  textOf: (file: string) => string,
): TestGroup[] {
  const onStage = files.filter((file) => STAGE.test(textOf(file)));
  const alone = files.filter((file) => ALONE.includes(file.slice(2)));
  const rest = files.filter((file) =>
    !onStage.includes(file) && !alone.includes(file)
  );
  const folders = Map.groupBy(rest, folderOf);
  const names = [...folders.keys()].sort((one, other) =>
    rankOf(one) - rankOf(other)
  );
  return [
    ...(onStage.length > 0 ? [{ name: STAGE_NAME, files: onStage }] : []),
    ...names.flatMap((name) => piecesOf(name, folders.get(name) ?? [])),
    ...alone.map((file) => ({ name: folderOf(file), files: [file] })),
  ];
}

/** Whether these are the tests that want the article's ports. */
export function isOnStage({ name }: TestGroup): boolean {
  return name === STAGE_NAME;
}

/**
 * The files that the runner is given: that of the group itself if it is one
 * alone, else one that imports them, in `folder`. Runners sort their files:
 * the names keep the order.
 */
export function writeGroups(
  groups: readonly TestGroup[],
  project: string,
  folder: string,
): string[] {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return groups.map(({ name, files }, at) => {
    const [file = ""] = files;
    if (files.length === 1) return file;
    const path = join(folder, `${numberOf(at)}_${name}_test.ts`);
    const imports = files.map((file) =>
      `import "${pathToFileURL(join(project, file))}";\n`
    );
    writeFileSync(path, imports.join(""));
    return path;
  });
}

/** The files of a folder, in equal pieces of no more than its size. */
function piecesOf(name: string, files: readonly string[]): TestGroup[] {
  const size = HEAVY.includes(name) ? HEAVY_SIZE : SIZE;
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, at) => ({
    name,
    files: files.filter((_, index) =>
      Math.floor(index * count / files.length) === at
    ),
  }));
}

function folderOf(file: string): string {
  return file.split("/").at(2) ?? "";
}

function rankOf(folder: string): number {
  const at = HEAVY.indexOf(folder);
  return at === -1 ? HEAVY.length : at;
}

function numberOf(at: number): string {
  return String(at + 1).padStart(2, "0");
}
