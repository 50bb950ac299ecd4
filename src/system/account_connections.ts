/**
 * How many clients each account has on each server of the cluster: told when it
 * changes and every half minute, and heard from the others, whose clients count
 * towards the limits of an account as well. The global account's are not told.
 *
 * Of many changes at once the first are told at once, and the others a little
 * later, when they are one for each account: no flood of logins becomes a flood
 * of events.
 */
import type { Account } from "../accounts/account.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { accountStat } from "../monitor/accounts.ts";
import type { Peers } from "./peers.ts";
import { isRecord } from "../core/json.ts";
import { borrowedPayload, jsonIn } from "./request.ts";
import { type EventHead, jsonBytes, type Voice } from "./voice.ts";

const TYPE = "io.nats.server.advisory.v1.account_connections";
const EVENTS = "$SYS.ACCOUNT.*.SERVER.CONNS";
const OLD_EVENTS = "$SYS.SERVER.ACCOUNT.*.CONNS";

/** NATS: servers that hear nothing for long take an account's connections for gone. */
const HEARTBEAT_MS = 30_000;
/** Events that are told at once, between two of the pauses after which the others are. */
const AT_ONCE_MAX = 32;
const PAUSE_MS = 250;
/** Work to tell of one account. */
const TELL_WORK = 200;

export class AccountConnections {
  readonly #voice: Voice;
  readonly #peers: Peers;
  readonly #late = new Set<Account>();
  #toldAtOnce = 0;
  #pause: Timer | undefined = undefined;
  #heartbeat: Timer | undefined = undefined;

  constructor(voice: Voice, peers: Peers) {
    this.#voice = voice;
    this.#peers = peers;
  }

  start(): void {
    const { client, serverId } = this.#voice;
    for (const subject of [OLD_EVENTS, `$SYS._INBOX_.${serverId}`]) {
      client.subscribe(
        subject,
        "",
        (message) => this.#heard(jsonIn(borrowedPayload(message))),
      );
    }
    this.#beat();
  }

  stop(): void {
    this.#pause?.cancel();
    this.#heartbeat?.cancel();
  }

  /** The number of `account`'s clients here has changed. */
  changed(account: Account): void {
    if (!this.#isTold(account)) return;
    this.#pause ??= this.#clock.after(PAUSE_MS, () => this.#tellLate());
    if (this.#toldAtOnce >= AT_ONCE_MAX) {
      this.#late.add(account);
      return;
    }
    this.#toldAtOnce++;
    this.#tell(account);
  }

  /** Servers are gone that had clients in these accounts. */
  lost(names: readonly string[]): void {
    for (const name of names) this.#recount(name);
  }

  /** The account has come awake: the other servers are asked how many clients they have. */
  ask(account: Account): void {
    account.remoteClients = this.#peers.clientsOf(account.name);
    if (this.#peers.size === 0 || account === this.#accounts.global) return;
    const { client, serverId } = this.#voice;
    const subject = `$SYS.REQ.ACCOUNT.${account.name}.CONNS`;
    if (!client.isHeard(subject)) return;
    client.publish(
      subject,
      jsonBytes({ server: this.#voice.record(), acc: account.name }),
      { reply: `$SYS._INBOX_.${serverId}` },
    );
  }

  /** Another server has come: it is asked about all accounts that are in use here. */
  askAll(): void {
    const { turn } = this.#voice.broker.host;
    const used = [...this.#accounts].filter(({ clients }) => clients > 0);
    turn.spreadOver(used, TELL_WORK, (account) => this.ask(account));
  }

  /** The event about `account`, for those who ask; undefined where there is nothing to tell. */
  eventOf(name: string): object | undefined {
    const account = this.#accounts.awake(name);
    return account === undefined || account.clients === 0
      ? undefined
      : this.#event(this.#voice.eventHead(TYPE), account);
  }

  get #accounts(): Accounts {
    return this.#voice.broker.host.accounts;
  }

  get #clock(): Clock {
    return this.#voice.broker.host.clock;
  }

  #isTold(account: Account): boolean {
    if (account === this.#accounts.global) return false;
    return this.#voice.hears(EVENTS) || this.#voice.hears(OLD_EVENTS);
  }

  #tell(account: Account): void {
    const voice = this.#voice;
    const head = voice.eventHead(TYPE);
    for (const subject of subjectsFor(account.name)) {
      voice.say(subject, () => this.#event(head, account));
    }
  }

  #event(head: EventHead, account: Account): object {
    return {
      ...head,
      server: this.#voice.record(),
      ...accountStat(account, account.sublist.size),
    };
  }

  #tellLate(): void {
    this.#pause = undefined;
    this.#toldAtOnce = 0;
    const late = [...this.#late];
    this.#late.clear();
    this.#tellAll(late);
  }

  #beat(): void {
    this.#heartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      const used = [...this.#accounts].filter(({ clients }) => clients > 0);
      this.#tellAll(used);
      this.#beat();
    });
  }

  /** In as many turns as it takes. */
  #tellAll(accounts: readonly Account[]): void {
    const { turn } = this.#voice.broker.host;
    turn.spreadOver(accounts, TELL_WORK, (account) => {
      if (this.#isTold(account)) this.#tell(account);
    });
  }

  #heard(event: unknown): void {
    if (!isRecord(event) || !isRecord(event["server"])) return;
    const { acc: name, conns } = event;
    const { id } = event["server"];
    if (typeof name !== "string" || typeof conns !== "number") return;
    if (typeof id !== "string") return;
    this.#peers.noteClients(id, name, conns);
    this.#recount(name);
  }

  #recount(name: string): void {
    const account = this.#accounts.awake(name);
    if (account === undefined) return;
    account.remoteClients = this.#peers.clientsOf(name);
    if (account.surplus > 0) {
      this.#voice.broker.clients.limitsChanged(account);
    }
  }
}

function subjectsFor(name: string): readonly string[] {
  return [
    `$SYS.SERVER.ACCOUNT.${name}.CONNS`,
    `$SYS.ACCOUNT.${name}.SERVER.CONNS`,
  ];
}
