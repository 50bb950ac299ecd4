/** Holds a conversation with one server and writes down all that it answers. */
import { connectPeer, type Peer } from "../../support/peer.ts";
import {
  type Conversation,
  PAGES,
  RELOADS,
  type Step,
} from "./conversation.ts";
import { type Heard, Names } from "./names.ts";
import type { Ports } from "./servers.ts";

/**
 * Asks whether the connection is still there and then ends it, by an operation
 * that nobody knows: all that the server had to say comes before its end.
 */
const LAST_WORDS = "PING\r\n~\r\n";

/** A peer that comes and says nothing. */
const SILENCE: readonly Step[] = [{ by: "a", say: "" }];

/** What every peer received, under its name, and every page. */
export async function hold(
  conversation: Conversation,
  number: number,
  ports: Ports,
  names: Names = new Names(),
): Promise<string> {
  await using peers = new Peers(ports, number, names);
  const { endsItself, steps } = conversation;
  const pages = [];
  const turns = turnsOf(steps.length > 0 ? steps : SILENCE);
  for (const [index, turn] of turns.entries()) {
    if (turn.by === PAGES) {
      pages.push(await pageAt(ports, turn.say));
      continue;
    }
    if (turn.by === RELOADS) {
      pages.push(`reload: ${await ports.reload(turn.say)}`);
      continue;
    }
    if (isWait(turn.say)) {
      await peers.hears(turn);
      continue;
    }
    const isLast = index === turns.length - 1;
    // In one piece: a peer that writes once its connection has ended may not
    // get to read what came before the end.
    const last = isLast && !endsItself ? LAST_WORDS : "";
    const peer = await peers.say(turn, last, conversation.inBytes);
    if (!isLast) await peers.handled(peer);
    else await peer.expectClosed();
  }
  return [...await peers.end(endsItself ? "" : LAST_WORDS), ...pages]
    .join("\n");
}

/**
 * Peers that have said `steps` to each of `servers`, and stay until they are
 * disposed of; those that have said QUIT, which is no operation, are gone.
 */
export async function gather(
  steps: readonly Step[],
  servers: readonly Ports[],
): Promise<AsyncDisposable> {
  const everywhere = servers.map((ports) => new Peers(ports, 0));
  let gone = 0;
  for (const turn of turnsOf(steps)) {
    await Promise.all(everywhere.map((peers) => peers.sayAndStay(turn)));
    if (!isFarewell(turn)) continue;
    gone++;
    while (!(await Promise.all(servers.map(goneAt))).every((n) => n === gone));
  }
  const all = new AsyncDisposableStack();
  for (const peers of everywhere) all.use(peers);
  return all;
}

function isFarewell({ say }: Step): boolean {
  return say.includes("QUIT");
}

/**
 * How many clients a server remembers that are gone. nats-server writes down
 * each on a thread of its own, and may have ended the connection long before;
 * nothing says when. All servers are asked as often: they count it.
 */
async function goneAt(ports: Ports): Promise<number> {
  const page = await pageAt(
    ports,
    `${ports.basePath}/connz?state=closed&limit=1`,
  );
  return Number(/"total": (\d+)/.exec(page)![1]);
}

/** The peers of one conversation. */
class Peers implements AsyncDisposable {
  readonly #ports: Ports;
  readonly #number: number;
  readonly #byName = new Map<string, Peer>();
  /** PINGs whose PONGs were not waited for. */
  readonly #unanswered = new Map<Peer, number>();
  /** Where the last text ends that was waited for. */
  readonly #waitedFor = new Map<Peer, number>();
  readonly #names: Names;

  constructor(ports: Ports, number: number, names: Names = new Names()) {
    this.#ports = ports;
    this.#number = number;
    this.#names = names;
  }

  /** Sends what `step` says, and behind that `last`. */
  async say(step: Step, last = "", inBytes = false): Promise<Peer> {
    const { say } = step;
    const peer = await this.#peerOf(step);
    const text = this.#names.filled(say, heardBy(peer))
      .replaceAll("↵", "\r\n").replaceAll("{n}", String(this.#number));
    const pings = text.match(/^PING/gim)?.length ?? 0;
    this.#unanswered.set(peer, pings + (this.#unanswered.get(peer) ?? 0));
    const parts = inBytes ? [...text] : [text];
    parts.push((parts.pop() ?? "") + last);
    for (const part of parts) peer.send(part);
    return peer;
  }

  /** Says a step, and waits until it is handled, or the peer is gone. */
  async sayAndStay(step: Step): Promise<void> {
    const peer = await this.say(step);
    if (isFarewell(step)) await peer.expectClosed();
    else await this.handled(peer);
  }

  /** Waits for the text behind the `?` of a step, or for the end. */
  async hears(step: Step): Promise<void> {
    const { say } = step;
    const peer = await this.#peerOf(step);
    if (say === "?") return void await peer.expectClosed();
    const text = this.#names.filled(say.slice(1), heardBy(peer));
    const from = this.#waitedFor.get(peer) ?? 0;
    this.#waitedFor.set(peer, await peer.heard(text, from));
  }

  /** Waits until the server has handled all that `peer` said, or has ended it. */
  async handled(peer: Peer): Promise<void> {
    peer.send("PING\r\n");
    const unanswered = this.#unanswered.get(peer) ?? 0;
    this.#unanswered.set(peer, 0);
    try {
      for (let i = 0; i <= unanswered; i++) await peer.expect("PONG\r\n");
    } catch (error) {
      if (!peer.closed) throw error;
    }
  }

  /** Lets everybody say `lastWords`, and gives what each heard to the end. */
  async end(lastWords: string): Promise<string[]> {
    for (const peer of this.#byName.values()) {
      if (lastWords !== "") peer.send(lastWords);
      await peer.expectClosed();
    }
    return [...this.#byName].map(([name, { received }]) =>
      `${name}: ${received}`
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#byName.values()].map((peer) => peer.close()));
  }

  /** The peer that takes a step; its first one opens its connection. */
  async #peerOf({ by, isServer = false }: Step): Promise<Peer> {
    const known = this.#byName.get(by);
    if (known !== undefined) return known;
    const { client, route } = this.#ports;
    const peer = await connectPeer({ port: isServer ? route : client });
    await peer.expectLine();
    this.#byName.set(by, peer);
    return peer;
  }
}

/** What a peer has heard; texts that only such a peer can say are made of it. */
function heardBy({ received }: Peer): Heard {
  const info = /^INFO (\{.*\})/.exec(received)?.[1] ?? "{}";
  const { nonce = "", server_id: serverId = "" } = JSON.parse(info);
  const messages = [...received.matchAll(REPLY)];
  const [, plain, withHeaders] = messages.at(-1) ?? [];
  return { nonce, serverId, reply: plain ?? withHeaders ?? "" };
}

/** The reply subject of a message; before the sizes, of which HMSG has two. */
const REPLY = /^(?:MSG \S+ \S+ (\S+) \d+|HMSG \S+ \S+ (\S+) \d+ \d+)\r$/gm;

async function pageAt({ http }: Ports, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${http}${path}`, {
    redirect: "manual",
  });
  const type = answer.headers.get("content-type");
  return `${answer.status} ${type}\n${await answer.text()}`;
}

/** Whether a step waits for a text instead of saying one. */
function isWait(say: string | undefined): boolean {
  return say?.startsWith("?") === true;
}

/** The steps, those that one peer takes in a row together. */
function turnsOf(steps: readonly Step[]): Step[] {
  const turns: Step[] = [];
  for (const step of steps) {
    const { by, say } = step;
    const before = turns.at(-1);
    const isOne = [PAGES, RELOADS].includes(by) ||
      [say, before?.say].some(isWait) || before?.isAlone === true;
    if (before?.by === by && !isOne) {
      turns[turns.length - 1] = { ...step, say: before.say + say };
    } else turns.push(step);
  }
  return turns;
}
