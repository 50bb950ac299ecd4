/**
 * The connections of the route port on their way to being routes, and back:
 * collects the facts for the table in `membership.ts`, asks it about one event
 * after another, and carries out what it says.
 *
 * What an action sets off, such as the end of another connection, waits in a
 * queue until the event at hand is dealt with: no rule ever meets a connection
 * in the middle of a move.
 */
import type { Broker } from "../broker/broker.ts";
import { ClosedReason } from "../core/closed.ts";
import { quoted } from "../core/quote.ts";
import type { RouteTarget } from "../options/options.ts";
import type { ServerInfo } from "../wire/info.ts";
import type { ClusterClaim, ClusterName } from "./cluster_name.ts";
import type { Dialers } from "./dialers.ts";
import type { DialOrigin } from "./dialer.ts";
import type { Gossip } from "./gossip.ts";
import {
  type Cause,
  type MembershipAction,
  type MembershipEvent,
  type MembershipFacts,
  step,
} from "./membership.ts";
import type { Route } from "./route.ts";
import type { RouteBook } from "./route_book.ts";

/** The time that a registered connection has to show that its peer lives. */
const ANSWER_MS = 2000;
/** The time for the same where the peer has the choice, which needs that answer first. */
const CHOICE_MS = 2 * ANSWER_MS;

/** The parts of the cluster that actions work on, and what hears of changes. */
export interface MembersWorld {
  readonly broker: Broker;
  readonly book: RouteBook;
  readonly name: ClusterName;
  readonly dialers: Dialers;
  readonly gossip: Gossip;
  /** The peers' client addresses are not told to clients. */
  readonly noAdvertise: () => boolean;
  /** The cluster has another name, and its routes met it. */
  onRenamed(): void;
  /** A peer is about to hear of the interest here. */
  onPeer(info: ServerInfo | undefined): void;
  /** Routes came or went. */
  onChanged(): void;
  /** A dialer's target turned out to be this server, or one of another cluster. */
  onAstray(target: RouteTarget): void;
}

interface Occurrence {
  readonly route: Route;
  readonly event: MembershipEvent;
  /** The cluster that the peer says it is in; undefined: it says none. */
  readonly claim: ClusterClaim | undefined;
}

const REASONS: Readonly<Record<Cause, ClosedReason>> = {
  elsewhere: ClosedReason.INCORRECT_PORT,
  self: ClosedReason.DUPLICATE_ROUTE,
  namesake: ClosedReason.DUPLICATE_SERVER_NAME,
  refused: ClosedReason.CLUSTER_NAME_CONFLICT,
  foreign: ClosedReason.CLUSTER_NAME_CONFLICT,
  duplicate: ClosedReason.DUPLICATE_ROUTE,
  superseded: ClosedReason.DUPLICATE_ROUTE,
  renamed: ClosedReason.CLUSTER_NAME_CONFLICT,
};

export class Members {
  readonly #world: MembersWorld;
  readonly #queue: Occurrence[] = [];
  #isBusy = false;
  #hasChanged = false;
  #wasRenamed = false;
  #stopped = false;

  constructor(world: MembersWorld) {
    this.#world = world;
  }

  /** Closes all connections; no other one takes the place of a route that ends. */
  stop(): void {
    this.#stopped = true;
    for (const route of this.#world.book.open) {
      route.close(ClosedReason.SERVER_SHUTDOWN);
    }
  }

  /** Deals with an event; `claim` is the cluster that the peer has named, now or in its INFO. */
  happened(
    route: Route,
    event: MembershipEvent,
    claim: ClusterClaim | undefined = claimOf(route.member.info),
  ): void {
    this.#queue.push({ route, event, claim });
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#workOff();
    } finally {
      this.#isBusy = false;
    }
  }

  /** Replaces the client addresses that were taken over from a route. */
  takeClientUrls({ member }: Route, info: ServerInfo | undefined): void {
    const isTaken = !info?.ldm && !this.#world.noAdvertise();
    const before = member.toldUrls;
    member.toldUrls = isTaken
      ? {
        clients: info?.connect_urls ?? [],
        webSockets: info?.ws_connect_urls ?? [],
      }
      : {};
    this.#world.broker.host.info.replaceUrls(before, member.toldUrls);
  }

  #workOff(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#move(next);
    }
    if (this.#wasRenamed) this.#world.onRenamed();
    if (this.#hasChanged) {
      this.#world.onChanged();
      this.#world.onPeer(undefined);
    }
    this.#wasRenamed = false;
    this.#hasChanged = false;
  }

  #move(occurrence: Occurrence): void {
    const { member } = occurrence.route;
    const facts = this.#factsOf(occurrence);
    const { next, actions } = step(member.membership, occurrence.event, facts);
    member.membership = next;
    if (occurrence.event === "pong") this.#tellDuplicates(occurrence.route);
    if (next.stage !== "duplicate") member.choiceTimer?.cancel();
    for (const action of actions) this.#perform(action, occurrence);
  }

  #factsOf({ route: { member }, claim }: Occurrence): MembershipFacts {
    const { broker: { identity: { id, name } }, book } = this.#world;
    const { info } = member;
    const peerId = info?.server_id ?? "";
    const other = book.routes.get(peerId);
    return {
      isDialled: member.solicitedBy !== undefined,
      isSelf: peerId === id,
      isNamesake: info?.server_name === name,
      wantsCredentials: info?.auth_required ?? false,
      hasOther: other !== undefined,
      otherLives: other !== undefined &&
        (member.otherAnswered ||
          other.connection.keepAlive.heardAt > member.askedAt),
      choosesHere: id < peerId,
      // NATS route protocol: an INFO that names no cluster is accepted.
      cluster: claim === undefined ? "same" : this.#world.name.compare(claim),
    };
  }

  #perform(action: MembershipAction, { route, claim }: Occurrence): void {
    if (typeof action === "object") {
      return this.#close(route, action.close, claim);
    }
    switch (action) {
      case "register":
        return this.#register(route);
      case "unregister":
        return this.#unregister(route);
      case "tell others":
        return this.#world.gossip.tellOthers(route);
      case "ask for acceptance":
        return route.awaitAcceptance();
      case "ask other":
        return this.#askOther(route);
      case "adopt name":
        return this.#adopt(route, claim!);
      case "supersede others":
        return this.#supersedeOthers(route);
      case "rest dialers":
        for (const dialer of route.member.dialers) dialer.succeeded();
        return;
      case "drop dialers":
        return this.#dropDialers(route);
      case "drop found dialers":
        return this.#dropDialers(route, "found");
      case "leave":
        return this.#leave(route);
    }
  }

  #register(route: Route): void {
    const { broker, book } = this.#world;
    book.register(route);
    route.interest.activate();
    this.#world.onPeer(route.member.info);
    route.told.tellAll(broker.host.accounts);
    this.takeClientUrls(route, route.member.info);
    this.#hasChanged = true;
  }

  #unregister(route: Route): void {
    this.#world.book.unregister(route);
    this.takeClientUrls(route, undefined);
  }

  #askOther(route: Route): void {
    const { broker: { identity, host: { clock } }, book } = this.#world;
    const { member } = route;
    const peerId = member.info!.server_id;
    this.#reportDuplicate(route);
    member.otherAnswered = false;
    member.askedAt = clock.monotonic();
    member.choiceTimer = clock.after(
      identity.id < peerId ? ANSWER_MS : CHOICE_MS,
      () => this.happened(route, "waited"),
    );
    book.routes.get(peerId)!.connection.keepAlive.measure();
  }

  /** A registered route has answered: the others that claim its peer's id hear of it. */
  #tellDuplicates(route: Route): void {
    if (!route.member.isRegistered) return;
    for (const other of this.#world.book.othersTo(route)) {
      other.member.otherAnswered = true;
      this.happened(other, "other answered");
    }
  }

  #reportDuplicate({ label }: Route): void {
    const { log } = this.#world.broker.host;
    log.debug(`${label} - Detected duplicate remote route`);
  }

  #adopt(route: Route, claim: ClusterClaim): void {
    const { broker, book, name } = this.#world;
    name.adopt(claim);
    broker.host.log.notice(`Cluster name updated to ${quoted(claim.name)}`);
    this.#wasRenamed = true;
    for (const other of book.routes.values()) this.happened(other, "renamed");
    this.happened(route, "settled");
  }

  #supersedeOthers(route: Route): void {
    for (const other of this.#world.book.othersTo(route)) {
      this.happened(other, "superseded");
    }
    this.happened(route, "settled");
  }

  #dropDialers({ member }: Route, origin?: DialOrigin): void {
    for (const { target } of this.#world.dialers.drop(member, origin)) {
      this.#world.onAstray(target);
    }
  }

  #close(route: Route, cause: Cause, claim: ClusterClaim | undefined): void {
    this.#report(route, cause);
    const text = cause === "refused" ? this.#refusalOf(claim!) : "";
    route.close(REASONS[cause], text);
  }

  #refusalOf({ name }: ClusterClaim): string {
    return `Rejecting connection, cluster name ${quoted(name)} does not ` +
      `match ${quoted(this.#world.name.text)}`;
  }

  #report(route: Route, cause: Cause): void {
    const { broker: { host: { log } }, name } = this.#world;
    const { label, member: { info } } = route;
    switch (cause) {
      case "elsewhere":
        return this.#reportElsewhere(route);
      case "self":
        return log.debug(`Detected route to self, ignoring ${label}`);
      case "namesake":
        return log.error(
          `${label} - Remote server has a duplicate name: ${
            quoted(info!.server_name)
          }`,
        );
      case "foreign":
        return log.error(
          `${label} - Cluster name ${quoted(info!.cluster ?? "")} does not ` +
            `match ${quoted(name.text)}`,
        );
      case "duplicate":
        return this.#reportDuplicate(route);
    }
  }

  /** A configured address may be wrong for days: it is reported as often as one that does not answer. */
  #reportElsewhere({ label, member: { elsewhere, solicitedBy } }: Route): void {
    const line = `${label} - There is no route port here, but ${elsewhere}`;
    const { log } = this.#world.broker.host;
    if (solicitedBy?.isWorthReporting === false) log.debug(line);
    else log.error(line);
  }

  #leave(route: Route): void {
    const { book, dialers } = this.#world;
    book.remove(route);
    this.#hasChanged = true;
    if (this.#stopped) return;
    const heir = book.heirOf(route);
    dialers.passOn(route.member, heir?.member, wasCutOff(route));
    if (heir !== undefined) this.happened(heir, "inherited");
  }
}

/** Neither side meant the connection to end. */
function wasCutOff({ connection }: Route): boolean {
  return connection.closedReason === ClosedReason.READ_ERROR;
}

function claimOf(info: ServerInfo | undefined): ClusterClaim | undefined {
  const { cluster = "", cluster_dynamic = false } = info ?? {};
  return cluster === ""
    ? undefined
    : { name: cluster, dynamic: cluster_dynamic };
}
