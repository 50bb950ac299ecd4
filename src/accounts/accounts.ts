/**
 * The accounts of a server: the global one, which is always there, and others,
 * which come and go while it runs. Observers hear of all of them, and of the
 * interest in each.
 *
 * A configured account sleeps until it is asked for by its name: as long as
 * nobody has logged in to it, it is a name and its options. Of ten thousand
 * accounts most sleep.
 *
 * More than a dozen members: because all that has to do with accounts asks here.
 */
import {
  addTraffic,
  moveTraffic,
  noTraffic,
  type Traffic,
} from "../core/traffic.ts";
import { finishSteps, forEachInSteps, type Steps } from "../core/steps.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import type {
  AccountOptions,
  ImportOptions,
  MappingOptions,
} from "../options/options.ts";
import {
  Account,
  type AccountSettings,
  type InterestObserver,
  NO_LIMITS,
} from "./account.ts";
import { Imports, type ImportSettings } from "./imports.ts";
import {
  offering,
  offeringStreams,
  streamsImport,
  systemImports,
  withoutStreams,
} from "./system_services.ts";
import { choiceOf, NO_PLACES, type StreamPlaces } from "./stream_servers.ts";

/** Told of the accounts, and of the interest in them. */
export interface AccountsObserver extends InterestObserver {
  /** An account is awake, or was when the observer came. */
  accountAdded(account: Account): void;
  /** What an account was configured with holds from now on. */
  accountConfigured?(account: Account): void;
  /** An account is gone; what is left in it is heard by nothing any more. */
  accountRemoved(account: Account): void;
}

/** What accounts stand on. */
export interface AccountsSettings extends AccountSettings {
  readonly imports: ImportSettings;
}

/** Accounts that take as long to configure anew as a step. */
const ACCOUNTS_PER_STEP = 16;

export class Accounts implements Iterable<Account> {
  readonly global: Account;
  readonly #settings: AccountSettings;
  /** The imports between accounts. */
  readonly imports: Imports;
  readonly #configured = new Map<string, AccountOptions>();
  readonly #awake = new Map<string, Account>();
  /** Accounts that are gone, with interest of this server that is still being taken back. */
  readonly #leaving = new Map<string, Account>();
  readonly #observers: AccountsObserver[] = [];
  /** What accounts that are gone have carried. */
  readonly #goneTraffic = noTraffic();
  #systemName = "";
  /** Prefixes of requests to JetStream that other servers answer, in the system account. */
  #streamPrefixes: readonly string[] = [];
  #mappings: readonly MappingOptions[] = [];
  #places: StreamPlaces = NO_PLACES;
  /** The system account, where the configuration has none of its name. */
  #plainSystem = plainAccount("");
  /** Hands on what happens in an account. */
  readonly #told: InterestObserver = {
    interestChanged: (account, subject, queue, members, before) => {
      for (const observer of this.#observers) {
        observer.interestChanged(account, subject, queue, members, before);
      }
      if (this.#leaving.size > 0) this.#forgetIfEmpty(account);
    },
  };

  constructor(settings: AccountsSettings) {
    this.#settings = settings;
    this.imports = new Imports(settings.imports, this);
    this.global = this.add(GLOBAL_ACCOUNT);
  }

  /** Those that are awake. */
  [Symbol.iterator](): IterableIterator<Account> {
    return this.#awake.values();
  }

  /** All names, of those that sleep as well. */
  names(): string[] {
    const asleep = [...this.#configured.keys()].filter((name) =>
      !this.#awake.has(name)
    );
    return [...this.#awake.keys(), ...asleep];
  }

  has(name: string): boolean {
    return this.#awake.has(name) || this.#configured.has(name);
  }

  /** The account `name`, which is awake from now on. */
  named(name: string): Account | undefined {
    const known = this.#awake.get(name);
    if (known !== undefined) return known;
    return this.#configured.has(name) ? this.add(name) : undefined;
  }

  /** The account `name`, unless it sleeps. */
  awake(name: string): Account | undefined {
    return this.#awake.get(name);
  }

  /** The account of events and requests about the server; undefined: there is none. */
  get system(): Account | undefined {
    return this.named(this.#systemName);
  }

  /** What the account `name` was configured with. */
  optionsOf(name: string): AccountOptions | undefined {
    return this.#configured.get(name);
  }

  /** What the account `name` takes from others, the system account's services included. */
  importsOf(name: string): readonly ImportOptions[] {
    return [
      ...this.optionsOf(name)?.imports ?? [],
      ...systemImports(name, this.#systemName),
      ...this.#streamsImports(name),
    ];
  }

  #offering(system: AccountOptions): AccountOptions {
    const offered = offering(system);
    return this.#streamPrefixes.length > 0 ? offeringStreams(offered) : offered;
  }

  #streamsImports(name: string): readonly ImportOptions[] {
    const system = this.#systemName;
    if (system === "" || name === system) return [];
    return this.#streamPrefixes.map((prefix) => streamsImport(system, prefix));
  }

  /** From now on all accounts have these mappings, beside those of their own. */
  mapEverywhere(mappings: readonly MappingOptions[]): void {
    this.#mappings = mappings;
    for (const account of this) this.#map(account);
  }

  /** Which servers have streams. */
  get streamPlaces(): StreamPlaces {
    return this.#places;
  }

  /** Other servers have streams there from now on. */
  placeStreams(places: StreamPlaces): void {
    this.#places = places;
    for (const account of this) this.#choose(account);
  }

  /**
   * NATS: every account may ask for JetStream in the system account, by the prefixes
   * that are given: `$JS.API`, or one with a domain. None: it may not.
   */
  askForStreams(prefixes: readonly string[]): void {
    if (this.#streamPrefixes.join(" ") === prefixes.join(" ")) return;
    const asked = this.#streamPrefixes.length > 0;
    const asks = prefixes.length > 0;
    this.#streamPrefixes = prefixes;
    const system = this.#configured.get(this.#systemName);
    if (system !== undefined && asks !== asked) {
      const offer = asks ? offeringStreams : withoutStreams;
      this.#configured.set(system.name, offer(system));
    }
    for (const account of this) this.#configureOne(account);
    finishSteps(this.imports.refresh());
  }

  /**
   * From now on there are these accounts, the global one, and the system account,
   * which need not be among them; and no others. The caller first closes the
   * connections in those that go.
   */
  configure(
    list: readonly AccountOptions[],
    systemAccount: string = "",
  ): void {
    finishSteps(this.configureInSteps(list, systemAccount));
  }

  /** As `configure`, in steps: each account is as configured from its step on. */
  *configureInSteps(
    list: readonly AccountOptions[],
    systemAccount: string,
  ): Steps<void> {
    const before = new Map(this.#configured);
    const isSameSystem = this.#systemName === systemAccount;
    this.#systemName = systemAccount;
    this.#configured.clear();
    if (systemAccount !== "") {
      if (this.#plainSystem.name !== systemAccount) {
        this.#plainSystem = plainAccount(systemAccount);
      }
      this.#configured.set(systemAccount, this.#plainSystem);
    }
    for (const options of list) this.#configured.set(options.name, options);
    const system = this.#configured.get(systemAccount);
    if (system !== undefined) {
      this.#configured.set(systemAccount, this.#offering(system));
    }
    for (const name of [...this.#awake.keys()]) {
      if (!this.#configured.has(name)) this.#drop(name);
    }
    yield;
    const changed = [...this].filter(({ name }) =>
      !isSameSystem || !isAlike(before.get(name), this.optionsOf(name))
    );
    yield* forEachInSteps(changed, ACCOUNTS_PER_STEP, (account) => {
      const isThere = this.#awake.get(account.name) === account;
      if (isThere) this.#configureOne(account);
    });
    yield;
    // An account that sleeps may export something else.
    const isRefreshed = changed.length > 0 || !isSameSystem ||
      before.size !== this.#configured.size ||
      [...before].some(([name, options]) =>
        !isAlike(options, this.optionsOf(name))
      );
    if (isRefreshed) yield* this.imports.refresh();
  }

  /** The account is there from now on, as `options` says; all others stay as they are. */
  put(options: AccountOptions): void {
    const isSystem = options.name === this.#systemName;
    this.#configured.set(
      options.name,
      isSystem ? this.#offering(options) : options,
    );
    const account = this.#awake.get(options.name);
    if (account !== undefined) this.#configureOne(account);
    finishSteps(this.imports.refresh());
  }

  /** Adds the account `name`, or gives the one that is there. */
  add(name: string): Account {
    const known = this.#awake.get(name);
    if (known !== undefined) return known;
    // An account that comes back before all interest in it was taken back goes on as
    // it was: peers would take what is told of the old one for news of the new one.
    const account = this.#leaving.get(name) ??
      new Account(name, this.#settings);
    const isBack = this.#leaving.delete(name);
    this.#awake.set(name, account);
    if (this.#observers.length > 0 && !isBack) account.observe(this.#told);
    for (const observer of this.#observers) observer.accountAdded(account);
    this.#configureOne(account);
    return account;
  }

  /**
   * Removes the account `name`; false when there is none, and for the global
   * one, which stays. The caller first closes the connections that are in it.
   */
  remove(name: string): boolean {
    if (name === GLOBAL_ACCOUNT) return false;
    const wasConfigured = this.#configured.delete(name);
    const wasAwake = this.#drop(name);
    if (wasAwake) finishSteps(this.imports.refresh());
    return wasConfigured || wasAwake;
  }

  /** What clients and routes have carried in all accounts, those that are gone as well. */
  traffic(): Traffic {
    const total = { ...this.#goneTraffic };
    for (const account of this) {
      addTraffic(total, account.traffic);
      addTraffic(total, account.routeTraffic);
    }
    return total;
  }

  /**
   * Tells `observer` of all accounts, now and later, and of changes in them. Call
   * the result to end it.
   */
  observe(observer: AccountsObserver): () => void {
    this.#observers.push(observer);
    for (const account of this) {
      if (this.#observers.length === 1) account.observe(this.#told);
      observer.accountAdded(account);
    }
    return () => {
      this.#observers.splice(this.#observers.indexOf(observer), 1);
    };
  }

  /** Takes an account away that is awake; false when it is not, and for the global one. */
  #drop(name: string): boolean {
    const account = this.#awake.get(name);
    if (account === undefined || account === this.global) return false;
    this.#awake.delete(name);
    this.imports.remove(account);
    if (account.hasLocalInterest) this.#leaving.set(name, account);
    moveTraffic(this.#goneTraffic, account.traffic);
    moveTraffic(this.#goneTraffic, account.routeTraffic);
    for (const observer of this.#observers) observer.accountRemoved(account);
    return true;
  }

  #configureOne(account: Account): void {
    const options = this.optionsOf(account.name);
    this.#map(account);
    this.#choose(account);
    this.imports.configure(account, this.importsOf(account.name));
    account.limits = options?.limits ?? NO_LIMITS;
    account.trace = options?.trace;
    for (const observer of this.#observers) {
      observer.accountConfigured?.(account);
    }
  }

  #choose(account: Account): void {
    account.choose(choiceOf(this.#places, () => account.hasStreams));
  }

  #map(account: Account): void {
    const own = this.optionsOf(account.name)?.mappings ?? [];
    account.map([...this.#mappings, ...own]);
  }

  #forgetIfEmpty(account: Account): void {
    if (this.#leaving.get(account.name) !== account) return;
    if (!account.hasLocalInterest) this.#leaving.delete(account.name);
  }
}

/** Whether an account is the same by both, but for its users. */
function isAlike(
  one: AccountOptions | undefined,
  other: AccountOptions | undefined,
): boolean {
  if (one === other) return true;
  return one !== undefined && other !== undefined &&
    one.exports === other.exports && one.imports === other.imports &&
    one.mappings === other.mappings && one.limits === other.limits &&
    one.trace === other.trace && one.jetstream === other.jetstream;
}

/** An account of which nothing but its name was told. */
export function plainAccount(name: string): AccountOptions {
  return {
    name,
    nkey: "",
    users: [],
    exports: [],
    imports: [],
    mappings: [],
    limits: NO_LIMITS,
  };
}
