/**
 * A conversation of the corpus: what one or more peers send by hand to a server.
 * In its text `↵` stands for CR LF, and `{n}` for the conversation's number, for
 * subjects that no other conversation may have an interest in.
 */

/** Something that a peer sends, or a page of monitoring that is asked for. */
export interface Step {
  /** Which peer; each opens its connection with its first step. */
  readonly by: string;
  /** What it sends, or behind a `?` what it waits for; of `PAGES` the path and query. */
  readonly say: string;
}

/** Steps of this name are requests. */
export const PAGES = "page";

/** Peers of these names are servers: they connect to the port for routes. */
const SERVERS = ["r", "s"];

export function isServer({ by }: Step): boolean {
  return SERVERS.includes(by);
}

export interface Conversation {
  readonly title: string;
  readonly steps: readonly Step[];
  /** The server is to end it by itself, sooner or later: nobody asks whether it is still there. */
  readonly endsItself: boolean;
  /** Each step is written byte by byte, not in one piece. */
  readonly inBytes: boolean;
}

/** One configuration, and what is said to a server that has it. */
export interface Group {
  readonly title: string;
  /** In nats-server's dialect, without addresses for clients. */
  readonly config: string;
  /** Said first, by peers that stay until the last conversation. */
  readonly before?: readonly Step[];
  readonly conversations: readonly Conversation[];
}

/** Asks for a page, such as `/connz?auth=1`. */
export function page(path: string): Conversation {
  return { ...talk(path), steps: [{ by: PAGES, say: path }] };
}

/**
 * `steps` are sent one after the other; one that begins `b: ` is another peer's.
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
  return { by: by ?? "a", say: say! };
}
