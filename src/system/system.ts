/**
 * The system account at work: events of clients, accounts and servers, and
 * answers to requests about them. It is opened with the server, and says that
 * the server leaves, and that it is gone.
 */
import type { Account } from "../accounts/account.ts";
import type { AccountsObserver } from "../accounts/accounts.ts";
import type { ClientSession } from "../broker/clients/session.ts";
import type { JwtStore } from "../auth/resolver/jwt_store.ts";
import type { ClosedReason } from "../core/closed.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import { AccountConnections } from "./account_connections.ts";
import { AccountRequests } from "./account_requests.ts";
import { Acts, type ReloadServer } from "./acts.ts";
import { type AnswerPlatform, Answers } from "./answers.ts";
import { ClientEvents } from "./client_events.ts";
import { Inbox } from "./inbox.ts";
import { LatencyHalves } from "./latency_halves.ts";
import { Peers } from "./peers.ts";
import { claimsServices, type ResolvingPlatform } from "./resolving.ts";
import { ServerRequests } from "./server_requests.ts";
import { Statistics } from "./statistics.ts";
import { Subscribers } from "./subscribers.ts";
import { UserService } from "./user_info.ts";
import { Voice } from "./voice.ts";

/** What the system account stands on. */
export type SystemPlatform = AnswerPlatform & ResolvingPlatform;

/** One part of what the server says and answers. */
interface Service {
  start(): void;
  stop?(): void;
}

export class System {
  readonly #voice: Voice;
  readonly #connections: AccountConnections;
  readonly #statistics: Statistics;
  readonly #events: ClientEvents;
  readonly #services: Service[];
  readonly #peers: Peers;
  readonly #inbox: Inbox;
  readonly #platform: SystemPlatform;
  #isOpen = false;

  private constructor(
    account: Account,
    watched: WatchedServer,
    reload: ReloadServer,
    platform: SystemPlatform,
  ) {
    const { broker } = watched;
    const voice = new Voice(broker, account);
    const peers = new Peers(
      voice.serverId,
      () => broker.host.clock.monotonic(),
    );
    const answers = new Answers(voice, platform);
    const inbox = new Inbox(voice);
    this.#voice = voice;
    this.#peers = peers;
    this.#inbox = inbox;
    this.#platform = platform;
    this.#connections = new AccountConnections(voice, peers);
    this.#statistics = new Statistics(voice, watched, peers, {
      come: () => this.#connections.askAll(),
      gone: (accounts) => this.#connections.lost(accounts),
    });
    this.#events = new ClientEvents(voice);
    this.#services = [
      this.#connections,
      this.#statistics,
      new ServerRequests(voice, answers, watched, this.#statistics),
      new AccountRequests(voice, answers, watched, this.#connections),
      new Acts(voice, answers, reload),
      inbox,
      new Subscribers(voice, peers, inbox),
      new UserService(voice),
      new LatencyHalves(voice),
    ];
  }

  /** Undefined for a server without a system account. */
  static of(
    watched: WatchedServer,
    reload: ReloadServer,
    platform: SystemPlatform,
  ): System | undefined {
    const account = watched.broker.host.accounts.system;
    return account && new System(account, watched, reload, platform);
  }

  /** `store` are the JWTs of a server in operator mode that keeps them in a folder. */
  start(store: JwtStore | undefined): void {
    this.#isOpen = true;
    const { operator } = this.#voice.broker;
    if (operator !== undefined) {
      this.#services.push(...claimsServices(
        { voice: this.#voice, peers: this.#peers, inbox: this.#inbox },
        operator,
        store,
        this.#platform.verifySignature,
      ));
    }
    for (const service of this.#services) service.start();
    const { clients, host } = this.#voice.broker;
    clients.observer = {
      bound: (session) => this.#bound(session),
      moved: (left) => this.#connections.changed(left),
      ended: (session, reason) => this.#ended(session, reason),
    };
    host.accounts.observe(this.#accounts);
  }

  /** The server lets its clients go. */
  leaving(): void {
    this.#sayOfServer("LAMEDUCK");
  }

  /** The server stops, and says so; from now on nothing is answered. */
  stop(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sayOfServer("SHUTDOWN");
    for (const service of this.#services) service.stop?.();
    this.#voice.broker.clients.observer = undefined;
    this.#voice.client.close();
    this.#voice.near.close();
  }

  readonly #accounts: AccountsObserver = {
    accountAdded: (account) => this.#connections.ask(account),
    accountRemoved: () => {},
    interestChanged: () => {},
  };

  #bound(session: ClientSession): void {
    this.#connections.changed(session.login.account);
    this.#events.bound(session);
  }

  #ended(session: ClientSession, reason: ClosedReason): void {
    this.#connections.changed(session.login.account);
    this.#events.ended(session, reason);
  }

  #sayOfServer(what: string): void {
    const voice = this.#voice;
    const subject = `$SYS.SERVER.${voice.serverId}.${what}`;
    voice.say(subject, () => voice.record());
  }
}
