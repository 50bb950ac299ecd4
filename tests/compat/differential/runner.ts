/** Holds each conversation with both servers, and compares what they said. */
import type { TestContext } from "../../support/test.ts";
import { type Conversation, type Group, RELOADS } from "./conversation.ts";
import { type Difference, DIFFERENCES } from "./differences.ts";
import { normal } from "./normal.ts";
import { type Ports, startMidgeOf, startNatsServerOf } from "./servers.ts";
import { gather, hold } from "./speaking.ts";

type Who = "midge" | "nats-server";

/** Of a line, where two texts are shown. */
const SHOWN_LENGTH = 600;

export class Comparison {
  /** The known differences that came up. */
  readonly met: Set<Difference> = new Set();
  /** How many groups and conversations were held. */
  groups = 0;
  conversations = 0;

  /** What the two servers said where they said different things. */
  async hold(t: TestContext, group: Group): Promise<string[]> {
    const [midge, natsServer] = await Promise.all([
      startMidgeOf(t, group.config),
      startNatsServerOf(t, group.config),
    ]);
    await using _stay = await gather(group.before ?? [], [midge, natsServer]);
    const disagreements = [];
    for (const conversation of group.conversations) {
      const texts = await this.#hear(conversation, midge, natsServer, group);
      if (!this.#isExpected(conversation, texts)) {
        disagreements.push(describe(conversation, texts));
      }
    }
    this.groups++;
    return disagreements;
  }

  async #hear(
    conversation: Conversation,
    midge: Ports,
    natsServer: Ports,
    { names, config }: Group,
  ): Promise<Record<Who, string>> {
    const number = ++this.conversations;
    const [mine, theirs] = await Promise.all(
      [midge, natsServer].map(async (ports) => {
        const text = await hold(conversation, number, ports, names)
          .catch(failure);
        if (reloads(conversation)) await ports.reload(config);
        return text;
      }),
    ) as [string, string];
    // What the server itself publishes comes before or after a PONG.
    const said = (text: string): string =>
      names === undefined
        ? normal(text)
        : normal(text).replace(/^PONG\r\n/gm, "");
    return {
      "midge": this.#withoutKnown("midge", said(mine)),
      "nats-server": this.#withoutKnown("nats-server", said(theirs)),
    };
  }

  /** `text` without what only `who` says, for a known reason. */
  #withoutKnown(who: Who, text: string): string {
    let rest = text;
    for (const known of DIFFERENCES) {
      const { extra, own } = known;
      const before = rest;
      if (extra?.who === who) rest = rest.replace(extra.bytes, "");
      if (own !== undefined) rest = rest.replace(own, "<own>");
      if (rest !== before) this.met.add(known);
    }
    return rest;
  }

  #isExpected(
    conversation: Conversation,
    texts: Record<Who, string>,
  ): boolean {
    const { midge, "nats-server": natsServer } = texts;
    const { differs } = conversation;
    if (differs !== undefined) {
      const lines = differingLines(texts);
      return lines.length > 0 && lines.join("\n") === differs.lines.join("\n");
    }
    if (natsServer.startsWith(FAILED)) return false;
    if (midge === natsServer) return true;
    const known = DIFFERENCES.find(({ otherWay }) => otherWay?.(conversation));
    if (known !== undefined) this.met.add(known);
    return known !== undefined;
  }
}

/** Whether the configuration changes, so that the next one needs the first again. */
function reloads({ steps }: Conversation): boolean {
  return steps.some(({ by }) => by === RELOADS);
}

/** What was said, and where the answers differ. */
function describe(
  { title, steps, differs }: Conversation,
  texts: Record<Who, string>,
): string {
  const said = steps.map(({ by, say }) => `${by} says ${JSON.stringify(say)}`);
  const known = differs === undefined
    ? []
    : ["known to differ by", ...differs.lines];
  return [
    `# ${title}`,
    ...said,
    ...known,
    "differs by",
    ...differingLines(texts),
  ]
    .map((line) => line.slice(0, SHOWN_LENGTH)).join("\n");
}

/** The lines from the first that differs to the last. */
function differingLines(
  { midge, "nats-server": natsServer }: Record<Who, string>,
): string[] {
  const mine = midge.split("\n");
  const theirs = natsServer.split("\n");
  const shorter = Math.min(mine.length, theirs.length);
  let from = 0;
  while (from < shorter && mine[from] === theirs[from]) from++;
  let behind = 0;
  while (
    behind < shorter - from && mine.at(-1 - behind) === theirs.at(-1 - behind)
  ) behind++;
  return [
    ...mine.slice(from, mine.length - behind).map((line) => `- ${line}`),
    ...theirs.slice(from, theirs.length - behind).map((line) => `+ ${line}`),
  ].map((line) => line.trimEnd());
}

const FAILED = "failed: ";

/** A conversation that did not come to its end is compared, too. */
function failure(error: unknown): string {
  return `${FAILED}${error instanceof Error ? error.message : error}`;
}
