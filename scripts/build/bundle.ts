/**
 * Makes one module out of many with esbuild: its settings for each bundle, the
 * text of the bcrypt thread that each bundle carries, and the licences of the
 * packages in it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "../../tests/support/runtimes.ts";
import { licenceTexts } from "./licences.ts";
import { run, withFolder } from "./run.ts";

/** How one bundle differs from the others. */
export interface BundleOptions {
  readonly format: "esm" | "cjs";
  /** Without names, comments and white space. */
  readonly minify?: boolean;
  /** The oldest Node that runs it. */
  readonly node: string;
  /** What esbuild puts in place of names: expressions, in JSON. */
  readonly define?: Readonly<Record<string, string>>;
  /** Files of the repository that take the place of packages. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** A bundle as text. */
export interface Bundle {
  readonly code: string;
  /** The licences of all that is in it, as one comment. */
  readonly licences: string;
}

/** Bundles a module of the repository with all that it imports. */
export function bundle(entry: string, options: BundleOptions): Bundle {
  return withFolder((folder) => {
    const code = join(folder, "code");
    const facts = join(folder, "facts.json");
    run(esbuildExecutable(), [
      join(PROJECT_FOLDER, entry),
      "--bundle",
      "--platform=node",
      "--charset=ascii",
      // Otherwise comments would contain the real paths of the packages.
      "--preserve-symlinks",
      "--alias:crypto=node:crypto",
      "--legal-comments=none",
      "--log-level=warning",
      `--format=${options.format}`,
      `--target=node${options.node}`,
      `--outfile=${code}`,
      `--metafile=${facts}`,
      ...options.minify === true ? ["--minify"] : [],
      ...Object.entries(options.define ?? {}).map(([name, value]) =>
        `--define:${name}=${value}`
      ),
      ...Object.entries(options.instead ?? {}).map(([name, file]) =>
        `--alias:${name}=./${file}`
      ),
    ], PROJECT_FOLDER);
    const { inputs } = JSON.parse(readFileSync(facts, "utf8"));
    return {
      code: inAscii(readFileSync(code, "utf8")),
      licences: licenceTexts(Object.keys(inputs)),
    };
  });
}

/**
 * `code` without the letters beyond ASCII that esbuild leaves in comments. V8
 * keeps a text with a single wide letter in two bytes for each of its letters,
 * for as long as the program runs.
 */
function inAscii(code: string): string {
  return code.replace(
    /^ *(?:\*|\/\/).*$/gm,
    (comment) => comment.replace(/[^ -~]/g, "-"),
  );
}

/**
 * The program of the bcrypt thread as one CommonJS text, which is what a
 * worker thread of each runtime takes. A program that ships
 * `src/runtime/bcrypt/bcrypt_package.ts` outside of a checkout defines
 * `MIDGE_BCRYPT_THREAD` as this.
 */
export function bcryptThreadText(): string {
  return bcryptThread().code;
}

/** The same with the licences of what is in it. */
export function bcryptThread(): Bundle {
  const options = { format: "cjs", minify: true, node: "20" } as const;
  return bundle("scripts/build/bcrypt_entry.ts", options);
}

/**
 * esbuild itself: npm does not run the install script that would put it in the
 * place of the command in `node_modules/.bin`.
 */
export function esbuildExecutable(): string {
  const name = `${process.platform}-${process.arch}`;
  const folder = join(PROJECT_FOLDER, "node_modules", "@esbuild", name);
  const places = [join(folder, "bin", "esbuild"), join(folder, "esbuild.exe")];
  const found = places.find(existsSync);
  if (found === undefined) {
    throw new Error(`There is no esbuild in ${folder}: run npm ci`);
  }
  return found;
}
