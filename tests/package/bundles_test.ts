/**
 * Programs that are bundled with the installed package, by esbuild and by Bun.
 * A face in a bundle must not take the bundle for its own program.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
} from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { installed, runIn } from "./installed.ts";

const { command } = currentRuntime();

/** Bundles the project's `input` into `output`. */
type Bundle = (
  input: string,
  output: string,
  platform?: "node" | "browser",
) => Promise<unknown>;

const BUNDLERS: readonly {
  readonly title: string;
  readonly skip: string | false;
  readonly bundle: Bundle;
}[] = [
  {
    title: "esbuild",
    skip: false,
    bundle: (input, output, platform) =>
      esbuild(input, output, [`--platform=${platform ?? "node"}`]),
  },
  {
    title: "Bun",
    skip: executableOf("bun") === undefined && "there is no Bun",
    bundle: bunBuild,
  },
];

for (const { title, skip, bundle } of BUNDLERS) {
  const bundled = async (t: TestContext): Promise<string> => {
    const file = join(temporaryFolder(t), "bundle.mjs");
    await bundle("bundled.js", file);
    return file;
  };

  test(`a bundle by ${title} starts nothing by itself`, { skip }, async (t) => {
    const file = await bundled(t);
    // A face that took itself for the program would tell its version, and end.
    assert.equal(
      await runIn(join(file, ".."), [...command, file, "-v"]),
      "the program runs\n",
    );
  });

  test(
    `a bundle by ${title} has broker and client in it`,
    { skip },
    async (t) => {
      const file = await bundled(t);
      assert.equal(
        await runIn(join(file, ".."), [...command, file, "talk"]),
        "the program runs\nhow?\n",
      );
    },
  );
}

for (const { title, skip, bundle } of BUNDLERS) {
  test(
    `in a bundle by ${title} a hash is compared on a thread of its own`,
    { skip },
    async (t) => {
      const file = join(temporaryFolder(t), "bundle.mjs");
      await bundle("login.js", file);
      assert.equal(
        await runIn(join(file, ".."), [...command, file]),
        "a thread was started\nthe right token is let in\nanother is not: true\n",
      );
    },
  );
}

test("a program that only connects is bundled without the broker", async (t) => {
  const folder = temporaryFolder(t);
  const metafile = join(folder, "meta.json");
  const report = [`--metafile=${metafile}`];
  await esbuild("only_client.js", join(folder, "bundle.mjs"), report);
  const { outputs } = JSON.parse(readFileSync(metafile, "utf8"));
  const folders = Object.values<{ inputs: object }>(outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .map((path) => /node_modules\/midge\/lib\/(\w+)/.exec(path)?.[1]);
  assert.ok(folders.includes("client"));
  for (const room of ["broker", "routes", "monitor", "commands"]) {
    assert.ok(!folders.includes(room), room);
  }
});

for (const { title, skip, bundle } of BUNDLERS) {
  test(
    `a bundle by ${title} for a browser has the client, and nothing of a runtime`,
    { skip },
    async (t) => {
      const file = join(temporaryFolder(t), "bundle.mjs");
      await bundle("page.js", file, "browser");
      const text = readFileSync(file, "utf8");
      assert.doesNotMatch(text, /(?:from|import|require)\s*\(?\s*["']node:/);
      assert.match(
        await runIn(join(file, ".."), [...command, file]),
        /^true, _?NatsConnection\d*, true, ws:\/\/localhost:8080\n$/,
      );
    },
  );
}

test("a bundle by esbuild logs in by nkey, with the flag that the guide names", async (t) => {
  const guide = readFileSync(join(PROJECT_FOLDER, "docs/embedding.md"), "utf8");
  const [flag = ""] = /--define:\S+(?=`)/.exec(guide) ?? [];
  const file = join(temporaryFolder(t), "bundle.mjs");
  await esbuild("nkey.js", file, [flag]);
  assert.equal(await runIn(join(file, ".."), [...command, file]), "true\n");
});

async function esbuild(
  input: string,
  output: string,
  words: readonly string[] = [],
): Promise<void> {
  const { project } = await installed();
  const program = join(PROJECT_FOLDER, "node_modules/.bin/esbuild");
  const kind = ["--bundle", "--platform=node", "--format=esm"];
  await runIn(project, [
    program,
    input,
    ...kind,
    `--outfile=${output}`,
    ...words,
  ]);
}

async function bunBuild(
  input: string,
  output: string,
  platform: "node" | "browser" = "node",
): Promise<void> {
  const { project } = await installed();
  const bun = executableOf("bun") ?? "bun";
  const kind = [`--target=${platform}`, "--format=esm"];
  await runIn(project, [bun, "build", input, ...kind, `--outfile=${output}`]);
}
