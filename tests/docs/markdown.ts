/**
 * A page of Markdown as its reader sees it: fenced blocks in order, each with
 * its language, the paragraph that leads to it and the chapter that it is in.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";

export interface Block {
  /** `ts`, `sh`, `text`, `conf`, `toml`, `json`; empty for a block without one. */
  readonly language: string;
  readonly text: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** The paragraph right before it; empty after a heading or another block. */
  readonly lead: string;
  /** The nearest heading of the second level above it. */
  readonly chapter: string;
}

/** The pages for users and contributors, as paths below the repository's top folder. */
export function documents(): string[] {
  const pages = readdirSync(join(PROJECT_FOLDER, "docs"), { recursive: true })
    .map((name) => `docs/${name}`.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".md"));
  return [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "examples/README.md",
    "tests/README.md",
    ...pages.sort(),
  ];
}

const FENCE = /^( *)```(\w*)$/;

/** The fenced blocks of a page. Throws for one that is not closed. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = page.split("\n");
  let chapter = "";
  let lead: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const [, indent, language] = FENCE.exec(line) ?? [];
    if (indent !== undefined && language !== undefined) {
      const end = lines.indexOf(`${indent}\`\`\``, at + 1);
      if (end < 0) throw new Error(`The block at line ${at + 1} has no end`);
      const body = lines.slice(at + 1, end)
        .map((inner) => inner.slice(indent.length));
      blocks.push({
        language,
        text: `${body.join("\n")}\n`,
        line: at + 2,
        lead: lead.join(" ").trim(),
        chapter,
      });
      lead = [];
      at = end;
    } else if (line.startsWith("#")) {
      if (line.startsWith("## ")) chapter = line.slice("## ".length);
      lead = [];
    } else if (line.trim() !== "") {
      // A blank line between a paragraph and its block belongs to neither.
      if (lines[at - 1]?.trim() === "") lead = [];
      lead.push(line.trim());
    }
  }
  return blocks;
}

/**
 * The file that a block is, for the reader to write: the paragraph before it
 * ends with its name, as in "Save this as `greet.ts`:".
 */
export function fileOf({ lead }: Block): string | undefined {
  return /`([\w-]+(?:\.[\w-]+)+)`:$/.exec(lead)?.[1];
}

/** The commands of an `sh` block; one that goes on after a backslash is one. */
export function commandsOf({ text }: Block): string[] {
  return text.replaceAll(/\s*\\\n\s*/g, " ").split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Blocks of code by indentation are not allowed: nobody can tell their language. */
export function indentedCode(page: string): number[] {
  const lines = page.split("\n");
  let inFence = false;
  return lines.flatMap((line, at) => {
    if (FENCE.test(line)) inFence = !inFence;
    const isCode = !inFence && /^ {4}\S/.test(line) &&
      lines[at - 1]?.trim() === "";
    return isCode ? [at + 1] : [];
  });
}
