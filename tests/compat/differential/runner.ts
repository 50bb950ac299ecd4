/** Holds each conversation with both servers, and compares what they said. */
import type { TestContext } from "../../support/test.ts";
import type { Conversation, Group } from "./conversation.ts";
import { type Difference, DIFFERENCES } from "./differences.ts";
import { normal } from "./normal.ts";
import { type Ports, startMidgeOf, startNatsServerOf } from "./servers.ts";
import { hold } from "./speaking.ts";

type Who = "midge" | "nats-server";

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
      if (known.extra?.who !== who) continue;
      const without = rest.replace(known.extra.bytes, "");
      if (without !== rest) this.met.add(known);
      rest = without;
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

function describe(
  { title, steps }: Conversation,
  { midge, "nats-server": natsServer }: Record<Who, string>,
): string {
  const said = steps.map(({ by, say }) =>
    `${by} says ${JSON.stringify(say)}\n`
  );
  return `# ${title}\n${said.join("")}` +
    `## Midge\n${midge}\n## nats-server\n${natsServer}\n`;
}

/** A conversation that did not come to its end is compared, too. */
function failure(error: unknown): string {
  return `failed: ${error instanceof Error ? error.message : error}`;
}
