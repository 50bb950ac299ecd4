/** The package's declarations in projects with strict settings of several kinds. */
import { sameEverywhere } from "../support/runtimes.ts";
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
    programs: ["user.ts", "only_client.ts", "page.ts"],
    settings: { module: "nodenext" },
  },
  {
    title: "a project for a bundler",
    programs: ["user.ts", "only_client.ts", "page.ts"],
    settings: { module: "esnext", moduleResolution: "bundler" },
  },
  {
    title: "a project with the types of Node and without a browser's",
    programs: [
      "user.ts",
      "only_client.ts",
      "login.ts",
      "bundled.ts",
      "page.ts",
    ],
    settings: {
      module: "nodenext",
      target: "es2022",
      lib: ["es2022"],
      ...NODE_TYPES,
    },
  },
];

for (const { title, programs, settings } of PROJECTS) {
  test(`every face has its types in ${title}`, {
    skip: sameEverywhere,
  }, async () => {
    const { project } = await installed();
    await compile(project, programs, { ...STRICTER, ...settings });
  });
}

/** The packages' own declarations do not hold with all of the strict settings. */
const WITH_ADD_ONS = [
  {
    title: "with exactOptionalPropertyTypes",
    settings: { ...STRICTER, skipLibCheck: true, module: "nodenext" },
  },
  {
    title: "with their declarations checked",
    settings: { noEmit: true, module: "nodenext" },
  },
  {
    title: "for a bundler",
    settings: {
      ...STRICTER,
      skipLibCheck: true,
      module: "esnext",
      moduleResolution: "bundler",
    },
  },
];

for (const { title, settings } of WITH_ADD_ONS) {
  test(
    `the official add-on packages take a connection, in a project ${title}`,
    {
      skip: sameEverywhere,
    },
    async () => {
      const { project } = await installed();
      const target = {
        target: "es2022",
        lib: ["es2023", "esnext.disposable", "dom"],
      };
      await compile(project, ["add_ons.ts"], {
        ...target,
        ...NODE_TYPES,
        ...settings,
      });
    },
  );
}
