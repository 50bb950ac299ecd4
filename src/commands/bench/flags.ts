/** The flags that the commands of `midge bench` have in common, and what they say. */
import type { FlagOf, FlagsOf } from "../../config/flags/flags.ts";
import {
  checkLiteralSubject,
  checkPattern,
} from "../../client/messages/subjects.ts";
import { bytesOf, countOf, secondsOf } from "./numbers.ts";

/** A flag whose value is a text that a command reads. */
export type TextFlag = FlagOf<"string">;

/** Such a flag; help calls its value `value`. */
export function textFlag(name: string, value: string, doc: string): TextFlag {
  return { names: [name], type: "string", value, doc };
}

export const PLOT_FLAG: TextFlag = textFlag(
  "plot",
  "file",
  "Write a chart to this file, as SVG",
);

/** How long a load runs, and what is told of it. */
export const RUN_FLAGS: RunFlagTable = {
  msgs: textFlag("msgs", "n", "Messages in all, such as 1000, 500k or 2M"),
  seconds: textFlag(
    "seconds",
    "s",
    "End after this time; without -msgs there is no other limit",
  ),
  json: {
    names: ["json"],
    type: "boolean",
    doc: "Print one JSON object in place of a table",
  },
  plot: PLOT_FLAG,
};

type RunFlagTable =
  & FlagsOf<"msgs" | "seconds" | "plot", "string">
  & FlagsOf<"json", "boolean">;

export const SIZE_FLAG: TextFlag = textFlag(
  "size",
  "bytes",
  "Bytes of a payload, such as 16, 4KiB or 1MB (128)",
);

export const SUBJECTS_FLAG: TextFlag = textFlag(
  "subjects",
  "n",
  "Use n subjects in turn, SUBJECT.0 and so on (1)",
);

export const RATE_FLAG: TextFlag = textFlag(
  "rate",
  "n",
  "Messages in a second, of all publishers (no limit)",
);

/** `clients`, `pubs` and the like. */
export function clientsFlag(name: string, what: string): TextFlag {
  return textFlag(name, "n", `${what}, each with a connection (1)`);
}

interface RunTexts {
  readonly msgs?: string;
  readonly seconds?: string;
}

/** When a load ends. */
export interface Limits {
  /** Infinity: only the time ends it. */
  readonly msgs: number;
  readonly durationMs: number;
}

/** Throws FlagError. */
export function limitsOf(
  { msgs, seconds }: RunTexts,
  otherwise: number,
): Limits {
  const durationMs = secondsOf("seconds", seconds);
  const fallback = durationMs === Infinity ? otherwise : Infinity;
  return { msgs: countOf("msgs", msgs, fallback), durationMs };
}

export const SIZE_BYTES = 128;
const SUBJECTS_MAX = 1e9;

/** What is heard: a subject, with wildcards, or all of `-subjects`. Throws as `publicationOf` does. */
export function heardOf(
  subject: string,
  { subjects: text }: PublicationTexts,
): { subject: string; subjects: number } {
  const subjects = countOf("subjects", text, 1);
  if (subjects > 1) checkLiteralSubject("subject", subject);
  else checkPattern(subject);
  return { subject, subjects };
}

interface PublicationTexts {
  readonly size?: string;
  readonly subjects?: string;
}

/** What is published to a subject. Throws FlagError, and InvalidSubjectError. */
export function publicationOf(
  subject: string,
  { size, subjects }: PublicationTexts,
): { subject: string; subjects: number; size: number } {
  checkLiteralSubject("subject", subject);
  return {
    subject,
    subjects: Math.min(countOf("subjects", subjects, 1), SUBJECTS_MAX),
    size: bytesOf("size", size, SIZE_BYTES),
  };
}
