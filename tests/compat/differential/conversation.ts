/**
 * A conversation of the corpus: what one or more peers send by hand to a server.
 * In its text `↵` stands for CR LF, and `{n}` for the conversation's number, for
 * subjects that no other conversation may have an interest in.
 */
import type { Names } from "./names.ts";

/** Something that a peer sends, or a page of monitoring that is asked for. */
export interface Step {
  /** Which peer; each opens its connection with its first step. */
  readonly by: string;
  /**
   * What it sends, or behind a `?` what it waits to hear, behind the last such
   * text: without one, for the end of its connection. Of `PAGES` the path and query, of `RELOADS` the
   * configuration.
   */
  readonly say: string;
  /** Whether it connects to the port for routes, as a server does. */
  readonly isServer?: boolean;
  /** Whether the server has handled it before more is said. */
  readonly isAlone?: boolean;
}

/** Steps of this name are requests. */
export const PAGES = "page";

/** Steps of this name give the server another configuration while it runs. */
export const RELOADS = "reload";

/** Where Midge is right to answer otherwise, in one conversation. */
export interface KnownDifference {
  /** What is different, for people. */
  readonly what: string;
  readonly why: string;
  /** As a failed test prints them: Midge's lines behind a `-`, nats-server's behind a `+`. */
  readonly lines: readonly string[];
}

export interface Conversation {
  readonly title: string;
  readonly steps: readonly Step[];
  /** The server is to end it by itself, sooner or later: nobody asks whether it is still there. */
  readonly endsItself: boolean;
  /** Each step is written byte by byte, not in one piece. */
  readonly inBytes: boolean;
  readonly differs?: KnownDifference;
}

/** One configuration, and what is said to a server that has it. */
export interface Group {
  readonly title: string;
  /** In nats-server's dialect, without addresses for clients. */
  readonly config: string;
  /** Said first, by peers that stay until the last conversation. */
  readonly before?: readonly Step[];
  readonly conversations: readonly Conversation[];
  /** What `<<...>>` stands for in its steps. */
  readonly names?: Names;
}

/** Asks for a page, such as `/connz?auth=1`. */
export function page(path: string): Conversation {
  return { ...talk(path), steps: [{ by: PAGES, say: path }] };
}

/**
 * `steps` are sent one after the other; one that begins `b: ` is another peer's,
 * and `r` and `s` are servers.
 * Before another peer speaks, the server has handled what was said before.
 * Who speaks last ends first, then the others, in the order in which they came:
 * a peer that would hear of another's end has to speak last.
 */
export function talk(title: string, ...steps: string[]): Conversation {
  return {
    title,
    steps: steps.map(stepOf),
    endsItself: false,
    inBytes: false,
  };
}

/** As `talk`; the server ends it without being asked anything. */
export function ending(title: string, ...steps: string[]): Conversation {
  return { ...talk(title, ...steps), endsItself: true };
}

/** The same again, byte by byte. */
export function inBytes(one: Conversation): Conversation {
  return { ...one, title: `${one.title}, byte by byte`, inBytes: true };
}

/** A CONNECT of these fields, with its line end. */
export function connect(
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const all = { verbose: false, pedantic: false, ...fields };
  return `CONNECT ${JSON.stringify(all)}↵`;
}

/** The CONNECT of a client library. */
export const LOGIN: string = connect({
  headers: true,
  no_responders: true,
  protocol: 1,
});

export function stepOf(text: string): Step {
  const [, by, say] = /^(?:([a-z]): )?(.*)$/s.exec(text)!;
  return { by: by ?? "a", say: say!, isServer: by === "r" || by === "s" };
}
