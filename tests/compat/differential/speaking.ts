/** Holds a conversation with one server and writes down all that it answers. */
import { connectPeer, type Peer } from "../../support/peer.ts";
import type { Conversation, Step } from "./conversation.ts";
import type { Ports } from "./servers.ts";

/**
 * Asks whether the connection is still there and then ends it, by an operation
 * that nobody knows: all that the server had to say comes before its end.
 */
const LAST_WORDS = "PING\r\n~\r\n";

/** What every peer received, under its name. */
export async function hold(
  conversation: Conversation,
  number: number,
  ports: Ports,
): Promise<string> {
  const peers = new Map<string, Peer>();
  const { port, endsItself } = conversation;
  const turns = turnsOf(conversation);
  try {
    for (const [index, { by, say }] of turns.entries()) {
      const peer = peers.get(by) ?? await openPeer(ports[port]);
      peers.set(by, peer);
      const isLast = index === turns.length - 1;
      // In one piece: a peer that writes once its connection has ended may not
      // get to read what came before the end.
      const last = isLast && !endsItself ? LAST_WORDS : "";
      send(peer, textOf(say, number), last, conversation.inBytes);
      if (!isLast) await handled(peer);
      else await peer.expectClosed();
    }
    for (const peer of peers.values()) {
      if (!endsItself) peer.send(LAST_WORDS);
      await peer.expectClosed();
    }
    return [...peers].map(([name, { received }]) => `${name}: ${received}`)
      .join("\n");
  } finally {
    await Promise.all([...peers.values()].map((peer) => peer.close()));
  }
}

/** The steps, those that one peer takes in a row together. */
function turnsOf({ steps }: Conversation): Step[] {
  const turns: Step[] = [];
  for (const { by, say } of steps) {
    const before = turns.at(-1);
    if (before?.by === by) {
      turns[turns.length - 1] = { by, say: before.say + say };
    } else turns.push({ by, say });
  }
  return turns.length === 0 ? [{ by: "a", say: "" }] : turns;
}

async function openPeer(port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  await peer.expectLine();
  return peer;
}

function textOf(say: string, number: number): string {
  return say.replaceAll("↵", "\r\n").replaceAll("{n}", String(number));
}

function send(peer: Peer, text: string, last: string, inBytes: boolean): void {
  const parts = inBytes ? [...text] : [text];
  parts.push((parts.pop() ?? "") + last);
  for (const part of parts) peer.send(part);
}

async function handled(peer: Peer): Promise<void> {
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
}
