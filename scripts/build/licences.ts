/**
 * The licences of the packages in a bundle, which have to go with every copy.
 * Midge's own comes first.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../tests/support/runtimes.ts";

/** The licence of Midge and of each package that `inputs` come from, as a legal comment. */
export function licenceTexts(inputs: readonly string[]): string {
  const packages = new Set(
    inputs.map(packageFolder).filter((folder) => folder !== undefined),
  );
  const owners = new Map([[licenceIn("."), ["Midge"]]]);
  for (const folder of [...packages].sort()) {
    const text = licenceIn(folder);
    const name = folder.slice("node_modules/".length);
    owners.set(text, [...owners.get(text) ?? [], name]);
  }
  const parts = [...owners].map(([text, names]) =>
    `${names.join(", ")}:\n\n${text}\n`
  );
  // A comment must not end within a licence.
  return `/*!\n${parts.join("\n").replaceAll("*/", "* /")}*/\n`;
}

function packageFolder(input: string): string | undefined {
  return /node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function licenceIn(folder: string): string {
  const path = join(PROJECT_FOLDER, folder);
  const name = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  if (name === undefined) throw new Error(`${folder} has no licence`);
  const text = readFileSync(join(path, name), "utf8").trimEnd();
  // One character beyond Latin-1 and Bun keeps the whole program in UTF-16.
  return text.replace(/[\u201c\u201d]/g, '"');
}
