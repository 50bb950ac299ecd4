/** Holds each conversation with both servers, and compares what they said. */
import type { TestContext } from "../../support/test.ts";
import { type Conversation, type Group, RELOADS } from "./conversation.ts";
import { type Difference, DIFFERENCES } from "./differences.ts";
import { normal } from "./normal.ts";
import {
  type Ports,
  startMidgeOf,
  startNatsServerOf,
  type Who,
} from "./servers.ts";
import { gather, hold } from "./speaking.ts";

/** Of a line, where two texts are shown. */
const SHOWN_LENGTH = 600;

/** Of a nats-server that said something else than Midge. */
const MORE_RUNS = 2;

export class Comparison {
  /** The known differences that came up. */
  readonly met: Set<Difference> = new Set();
  /** How many groups and conversations were held. */
  groups = 0;
  conversations = 0;

  /**
   * What the two servers said where they said different things. nats-server
   * does some things on several threads, and does not say the same each time:
   * where it differs from Midge it is held again, up to `MORE_RUNS` times, and
   * Midge, which is asked once, may say what nats-server said in any run.
   */
  async hold(t: TestContext, group: Group): Promise<string[]> {
    const first = this.conversations + 1;
    this.conversations += group.conversations.length;
    this.groups++;
    const both = await Promise.all([
      startMidgeOf(t, group.config),
      startNatsServerOf(t, group.config),
    ]);
    const [mine, theirs] = await this.#hear(group, first, both);
    let open = group.conversations.map((conversation, index) => ({
      conversation,
      index,
      texts: { "midge": mine![index]!, "nats-server": theirs![index]! },
    })).filter((one) => !this.#isExpected(one.conversation, one.texts));
    for (let run = 0; run < MORE_RUNS && open.length > 0; run++) {
      const again = await startNatsServerOf(t, group.config);
      const [others] = await this.#hear(group, first, [again]);
      open = open.filter(({ conversation, index, texts }) => {
        const other = { ...texts, "nats-server": others![index]! };
        if (!this.#isExpected(conversation, other)) return true;
        t.diagnostic(`nats-server said this once: ${conversation.title}`);
        return false;
      });
    }
    return open.map(({ conversation, texts }) => describe(conversation, texts));
  }

  /** What each of `servers` says in each conversation; `first` is the first's number. */
  async #hear(
    group: Group,
    first: number,
    servers: readonly Ports[],
  ): Promise<string[][]> {
    await using _stay = await gather(group.before ?? [], servers);
    return await Promise.all(
      servers.map((ports) => this.#hearOne(group, first, ports)),
    );
  }

  async #hearOne(
    { names, config, conversations }: Group,
    first: number,
    ports: Ports,
  ): Promise<string[]> {
    const texts = [];
    for (const [index, conversation] of conversations.entries()) {
      const text = await hold(conversation, first + index, ports, names)
        .catch(failure);
      if (reloads(conversation)) await ports.reload(config);
      const said = normal(text);
      texts.push(this.#withoutKnown(
        ports.who,
        // What the server itself publishes comes before or after a PONG.
        names === undefined ? said : said.replace(/^PONG\r\n/gm, ""),
      ));
    }
    return texts;
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
