/**
 * How messages are printed: for people, as bare payloads, or as JSON, one
 * object a line. On a terminal control characters are
 * escaped: what a publisher sends must not steer it.
 */
import {
  FlagError,
  type FlagsOf,
  type FlagValues,
} from "../config/flags/flags.ts";
import { byteString } from "../core/ascii.ts";
import { printableText } from "../core/quote.ts";
import type { Msg } from "../faces/client.ts";
import { printData } from "../runtime/process/system.ts";
import { isTerminal, takesColours } from "../runtime/process/terminal.ts";

/** Flags of the commands that print messages. */
export const OUTPUT_FLAGS: FlagsOf<"raw" | "json", "boolean"> = {
  raw: {
    names: ["raw"],
    type: "boolean",
    doc: "Print payloads only, each with a line end",
  },
  json: {
    names: ["json"],
    type: "boolean",
    doc: "Print each message as a line of JSON",
  },
};

/** Prints a message; false when the output was closed by its reader. */
export type MessagePrinter = (message: Msg) => boolean;

/** How messages look to a person. */
export interface TextLook {
  /** Print the subject first; not for answers, whose subject is an inbox. */
  readonly subjects: boolean;
  readonly colours: boolean;
  /** Escape control characters. */
  readonly escapes: boolean;
}

/** The printer that the flags ask for. Throws FlagError. */
export function messagePrinter(
  { raw, json }: FlagValues<typeof OUTPUT_FLAGS>,
  subjects: boolean,
): MessagePrinter {
  if (raw === true && json === true) {
    throw new FlagError("-raw and -json exclude each other");
  }
  if (raw === true) return (message) => printData(rawLine(message));
  if (json === true) return (message) => printText(`${jsonLine(message)}\n`);
  const look = {
    subjects,
    colours: takesColours("stdout"),
    escapes: isTerminal("stdout"),
  };
  return (message) => printText(messageText(message, look));
}

function printText(text: string): boolean {
  return printData(new TextEncoder().encode(text));
}

function rawLine({ data }: Msg): Uint8Array {
  const line = new Uint8Array(data.length + 1);
  line.set(data);
  line[data.length] = 0x0a;
  return line;
}

/** One message as JSON, without a line end; `base64` marks data that is not UTF-8. */
export function jsonLine(message: Msg): string {
  const { subject, reply, headers, data } = message;
  const text = utf8Of(data);
  return JSON.stringify({
    subject,
    ...(reply !== undefined && { reply }),
    ...(headers !== undefined && headers.code > 0 &&
      { status: headers.status }),
    ...(headers !== undefined && { headers: Object.fromEntries(headers) }),
    ...(text === undefined
      ? { data: base64(data), base64: true }
      : { data: text }),
  });
}

/** One message for a person: subject, headers, payload, and an empty line to end it. */
export function messageText(message: Msg, look: TextLook): string {
  const paint = (code: string, text: string): string =>
    look.colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  const { subject, reply, headers, data } = message;
  const lines: string[] = [];
  if (look.subjects) {
    const answers = reply === undefined
      ? ""
      : paint(DIM, ` (reply to ${withoutControls(reply)})`);
    lines.push(paint(CYAN, withoutControls(subject)) + answers);
  }
  if (headers !== undefined && headers.code > 0) {
    lines.push(paint(DIM, withoutControls(headers.status)));
  }
  for (const [name, values] of headers ?? []) {
    for (const value of values) {
      lines.push(`${paint(DIM, `${name}:`)} ${withoutControls(value)}`);
    }
  }
  if (lines.length > 0 && headers !== undefined) lines.push("");
  lines.push(shownData(data, look.escapes));
  return look.subjects ? `${lines.join("\n")}\n\n` : `${lines.join("\n")}\n`;
}

const CYAN = "36";
const DIM = "2";

function shownData(data: Uint8Array, escapes: boolean): string {
  const text = utf8Of(data);
  if (text === undefined) {
    return `(${data.length} bytes that are no text, in base64) ${base64(data)}`;
  }
  const lines = text.replace(/\n$/, "");
  return escapes ? escaped(lines) : lines;
}

/** Lines and tabs stay what they are. */
function escaped(text: string): string {
  return text.split(/([\n\t])/)
    .map((part) =>
      part === "\n" || part === "\t" ? part : withoutControls(part)
    )
    .join("");
}

/** Control characters as they are escaped in a log; everything else as it is. */
function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, printableText);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8Of(data: Uint8Array): string | undefined {
  try {
    return utf8.decode(data);
  } catch {
    return undefined;
  }
}

function base64(data: Uint8Array): string {
  return btoa(byteString(data));
}
