/** The package's declarations in projects with strict settings of several kinds. */
import { test } from "../support/test.ts";
import { compile, installed, NODE_TYPES } from "./installed.ts";

const STRICTER = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

const PROJECTS = [
  {
    title: "a project for Node, without the types of Node",
    programs: ["user.ts", "only_client.ts"],
    settings: { module: "nodenext" },
  },
  {
    title: "a project for a bundler",
    programs: ["user.ts", "only_client.ts"],
    settings: { module: "esnext", moduleResolution: "bundler" },
  },
  {
    title: "a project with the types of Node and without a browser's",
    programs: ["user.ts", "only_client.ts", "login.ts", "bundled.ts"],
    settings: {
      module: "nodenext",
      target: "es2022",
      lib: ["es2022"],
      ...NODE_TYPES,
    },
  },
];

for (const { title, programs, settings } of PROJECTS) {
  test(`every face has its types in ${title}`, async () => {
    const { project } = await installed();
    await compile(project, programs, { ...STRICTER, ...settings });
  });
}
