/** Holds each conversation with both servers, and compares what they said. */
import type { TestContext } from "../../support/test.ts";
import type { Conversation, Group } from "./conversation.ts";
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
      const texts = await this.#hear(conversation, midge, natsServer);
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
  ): Promise<Record<Who, string>> {
    const number = ++this.conversations;
    const [mine, theirs] = await Promise.all([
      hold(conversation, number, midge).catch(failure),
      hold(conversation, number, natsServer).catch(failure),
    ]);
    return {
      "midge": this.#withoutKnown("midge", normal(mine)),
      "nats-server": this.#withoutKnown("nats-server", normal(theirs)),
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
    { midge, "nats-server": natsServer }: Record<Who, string>,
  ): boolean {
    if (midge === natsServer) return true;
    const known = DIFFERENCES.find(({ otherWay }) => otherWay?.(conversation));
    if (known !== undefined) this.met.add(known);
    return known !== undefined;
  }
}

/** What was said, and the lines from the first that differs to the last. */
function describe(
  { title, steps }: Conversation,
  { midge, "nats-server": natsServer }: Record<Who, string>,
): string {
  const said = steps.map(({ by, say }) => `${by} says ${JSON.stringify(say)}`);
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
    `# ${title}`,
    ...said,
    ...mine.slice(from, mine.length - behind).map((line) => `- ${line}`),
    ...theirs.slice(from, theirs.length - behind).map((line) => `+ ${line}`),
  ].map((line) => line.slice(0, SHOWN_LENGTH)).join("\n");
}

/** A conversation that did not come to its end is compared, too. */
function failure(error: unknown): string {
  return `failed: ${error instanceof Error ? error.message : error}`;
}
