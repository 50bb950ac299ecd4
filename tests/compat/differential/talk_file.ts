/**
 * Conversations as files, `talks/*.talk`: a title, and sections that begin with
 * `==`. `tests/README.md` says how such a file is written.
 */
import type {
  Conversation,
  Group,
  KnownDifference,
  Step,
} from "./conversation.ts";
import { PAGES, RELOADS } from "./conversation.ts";
import { loginLine } from "./login_line.ts";
import { Names } from "./names.ts";

interface Section {
  /** What follows `==`. */
  readonly head: string;
  readonly lines: readonly string[];
}

/** The group that a file describes. */
export function readTalks(file: string, text: string): Group {
  const [title = "", ...sections] = sectionsOf(text);
  const names = new Names();
  const configs = new Map<string, string>();
  const conversations: Conversation[] = [];
  for (const { head, lines } of sections as Section[]) {
    const [kind = "", rest = ""] = split(head);
    switch (kind) {
      case "keys":
        for (const line of lines) names.addKey(...split(line));
        break;
      case "jwt":
        names.addToken(...split(rest), lines.join("\n"));
        break;
      case "config":
        configs.set(rest, names.filled(lines.join("\n")));
        break;
      case "talk":
        conversations.push(talkOf(rest, lines, configs, file));
        break;
      case "differs":
        conversations.push(
          { ...conversations.pop()!, differs: differenceOf(rest, lines) },
        );
        break;
      default:
        throw new Error(`${file}: == ${head}`);
    }
  }
  const config = configs.get("");
  if (config === undefined) throw new Error(`${file} has no "== config"`);
  return { title: `${file}: ${title}`, config, conversations, names };
}

/** The first line, and the sections behind it; lines that begin with `#` are comments. */
function sectionsOf(text: string): [string, ...Section[]] {
  const lines = text.split("\n");
  const sections: { head: string; lines: string[] }[] = [];
  for (const line of lines.slice(1)) {
    if (line.startsWith("== ")) {
      sections.push({ head: line.slice(3), lines: [] });
    } else if (line.trim() !== "" && !line.startsWith("#")) {
      sections.at(-1)?.lines.push(line);
    }
  }
  return [lines[0]!, ...sections];
}

/** The first word, and what is behind the blank. */
function split(text: string): [string, string] {
  const [, word, rest] = /^(\S*)\s*([^]*)$/.exec(text)!;
  return [word!, rest!];
}

function talkOf(
  title: string,
  lines: readonly string[],
  configs: ReadonlyMap<string, string>,
  file: string,
): Conversation {
  let questions = 0;
  const steps = lines.flatMap((line): Step | Step[] => {
    const isServer = line.startsWith("route");
    const [word, rest] = split(line);
    if (word === PAGES) return { by: PAGES, say: rest };
    if (word === RELOADS) {
      const config = configs.get(rest);
      if (config === undefined) throw new Error(`${file}: == config ${rest}`);
      return { by: RELOADS, say: config };
    }
    const by = word.replace(/\W$/, "");
    if (word.endsWith(":")) {
      return { by, say: `${line.slice(word.length + 1)}↵`, isServer };
    }
    if (word.endsWith("?")) return { by, say: `?${rest}` };
    if (rest === "closed") return { by, say: "?" };
    if (/^asks\b/.test(rest)) return question(by, rest.slice(5), ++questions);
    if (/^login\b/.test(rest)) {
      return { by, say: loginLine(rest.slice(6)), isAlone: true };
    }
    throw new Error(`${file}: no step is written so: ${line}`);
  });
  return { title, steps, endsItself: false, inBytes: false };
}

/** Sends `text`, a subject and what goes there, and waits for one answer to it. */
function question(by: string, text: string, number: number): Step[] {
  const [subject, body] = split(text);
  const verb = body.startsWith("<<h ") ? "HPUB" : "PUB";
  const payload = body === "" ? "<<+>>" : body;
  return [
    { by, say: `${verb} ${subject} ask.${number} ${payload}↵` },
    { by, say: `?MSG ask.${number} ` },
  ];
}

function differenceOf(
  head: string,
  lines: readonly string[],
): KnownDifference {
  const [what, why, ...more] = head.split(" | ");
  if (why === undefined || more.length > 0) {
    throw new Error(`"== differs what | why", not ${head}`);
  }
  return { what: what!, why, lines };
}
