/**
 * What a cluster knows of one connection of its route port: who is at the
 * other end, how far it has come on its way to being a route, and which
 * dialers rest on it. The connection itself, which speaks the protocol, is
 * `route.ts`.
 *
 * More than a dozen members: because most of them are data that its cluster
 * notes.
 */
import type { Timer } from "../platform/clock.ts";
import type { ToldUrls } from "../broker/own_info.ts";
import type { ServerInfo } from "../wire/info.ts";
import type { Dialer } from "./dialer.ts";
import { isOther } from "./settings.ts";
import { FRESH, type Membership } from "./membership.ts";

export class Member {
  /** The dialer that made the connection; undefined for one that was accepted. */
  readonly solicitedBy: Dialer | undefined;
  /** Dialers whose target turned out to be this peer. */
  readonly dialers: Set<Dialer> = new Set();
  /** The peer's INFO, once it came. */
  info: ServerInfo | undefined = undefined;
  /** What is there instead of a route port, in words; empty: nothing is known. */
  elsewhere = "";
  membership: Membership = FRESH;
  /** Client addresses that were taken over from the peer's INFO. */
  toldUrls: ToldUrls = {};
  /** When another connection to the peer was asked whether it lives. */
  askedAt: number = -Infinity;
  /** It answered by a PONG. */
  otherAnswered = false;
  /** Runs while that connection, or the peer's choice, is waited for. */
  choiceTimer: Timer | undefined = undefined;

  constructor(solicitedBy: Dialer | undefined) {
    this.solicitedBy = solicitedBy;
    if (solicitedBy !== undefined) this.dialers.add(solicitedBy);
  }

  /** Notes what interest the peer takes by a later INFO of its own; false when that is what it was. */
  takesOther({ export: taken }: ServerInfo): boolean {
    if (this.info === undefined || !isOther(taken, this.info.export)) {
      return false;
    }
    const { export: _, ...known } = this.info;
    this.info = { ...known, ...(taken !== undefined && { export: taken }) };
    return true;
  }

  /** The peer tells anew which streams it has. */
  takesStreams({ jetstream, jetstream_since, domain }: ServerInfo): void {
    if (this.info === undefined) return;
    const {
      jetstream: _jetstream,
      jetstream_since: _since,
      domain: _domain,
      ...known
    } = this.info;
    this.info = {
      ...known,
      ...(jetstream && { jetstream }),
      ...(jetstream_since !== undefined && { jetstream_since }),
      ...(domain !== undefined && { domain }),
    };
  }

  /** It is the route to its peer. */
  get isRegistered(): boolean {
    return this.membership.stage === "registered";
  }

  /** As Midge does, and nats-server does not, which tells the Go that it is made of. */
  get servesGroupsAlone(): boolean {
    return this.info?.go?.startsWith("go") === false;
  }

  /** NATS route protocol: a server that was told to have no headers ends the route for some. */
  get takesHeaders(): boolean {
    return this.info?.headers ?? true;
  }
}
