/**
 * The name of the cluster that this server is in, and what becomes of it when
 * another server comes with its own.
 */
import type { Random } from "../platform/clock.ts";
import { Nuid } from "../core/nuid.ts";

/** The cluster that a server says it is in. */
export interface ClusterClaim {
  readonly name: string;
  /** The name was made up, not configured. */
  readonly dynamic: boolean;
}

/** What comes of two cluster names; `yields`: the peer is to take over ours. */
export type ClusterVerdict = "same" | "adopt" | "yields" | "conflict";

/**
 * NATS route protocol: a made-up name gives way to a configured one, and of
 * two made-up names the greater wins; two configured names must be equal.
 */
export function compareClusters(
  own: ClusterClaim,
  peer: ClusterClaim,
): ClusterVerdict {
  if (own.name === peer.name) return "same";
  if (peer.name === "") return "conflict";
  if (own.dynamic && (!peer.dynamic || peer.name > own.name)) return "adopt";
  return peer.dynamic ? "yields" : "conflict";
}

export class ClusterName {
  #claim: ClusterClaim;

  /** An empty `configured` name is replaced by one that is made up. */
  constructor(configured: string, random: Random) {
    this.#claim = configured === ""
      ? { name: new Nuid(random).next(), dynamic: true }
      : { name: configured, dynamic: false };
  }

  get text(): string {
    return this.#claim.name;
  }

  /** Made up, by this server or by the one that it was taken over from. */
  get isDynamic(): boolean {
    return this.#claim.dynamic;
  }

  /** What comes of meeting a server that is in the cluster `peer`. */
  compare(peer: ClusterClaim): ClusterVerdict {
    return compareClusters(this.#claim, peer);
  }

  /** The configuration has another name. */
  rename(name: string): void {
    this.#claim = { name, dynamic: false };
  }

  /** Takes the other name over. */
  adopt(peer: ClusterClaim): void {
    this.#claim = peer;
  }
}
