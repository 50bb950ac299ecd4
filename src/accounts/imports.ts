/**
 * What connects the accounts of a server: the imports of each, the responses
 * that its services owe, and the replies that its requests wait for. An account
 * without any of these has nothing here.
 *
 * More than a dozen members: because it is what all its parts stand on
 * (`ImportHost`), and accounts and routes ask it for them.
 */
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { isValidSubject } from "../core/subject.ts";
import {
  type ActivationCheck,
  asOnWire,
  localPattern,
  NO_ACTIVATION,
  transformProblem,
} from "../options/import_rules.ts";
import type { ImportOptions } from "../options/options.ts";
import type { Clock, Random } from "../platform/clock.ts";
import type { Message } from "../wire/message.ts";
import type { Account, ImportedInterest, InterestLinks } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import type { Exporters, ImportHost, ImportLink } from "./import_host.ts";
import { ImportPath } from "./import_path.ts";
import type { Interest } from "./interest.ts";
import { RemoteRequests } from "./remote_requests.ts";
import { Replies } from "./replies.ts";
import { Responses } from "./responses.ts";
import { ServiceLink } from "./service_import.ts";
import { StreamLink } from "./stream_import.ts";

/** What imports stand on. */
export interface ImportSettings {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: string;
  /** What is known of activation tokens; without it none is good. */
  readonly isActivated?: ActivationCheck;
}

export class Imports implements ImportHost {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: string;
  readonly isActivated: ActivationCheck;
  readonly exporters: Exporters;
  readonly path: ImportPath = new ImportPath();
  readonly #links = new Map<Account, AccountLinks>();
  readonly #responses = new Map<Account, Responses>();
  readonly #remoteRequests = new Map<Account, RemoteRequests>();

  constructor(settings: ImportSettings, exporters: Exporters) {
    this.delivery = settings.delivery;
    this.clock = settings.clock;
    this.random = settings.random;
    this.serverName = settings.serverName;
    this.isActivated = settings.isActivated ?? NO_ACTIVATION;
    this.exporters = exporters;
  }

  /** From now on these are the imports of `account`. Those that were there before go on. */
  configure(account: Account, imports: readonly ImportOptions[]): void {
    if (imports.length === 0 && !this.#links.has(account)) return;
    this.#linksOf(account).configure(imports);
  }

  /** Accounts were configured anew: imports may lead somewhere else, or nowhere. */
  refresh(): Steps<void> {
    return forEachInSteps(
      this.#allLinks(),
      LINKS_PER_STEP,
      (link) => link.refresh(),
    );
  }

  *#allLinks(): Generator<ImportLink> {
    for (const { links } of this.#links.values()) yield* links;
  }

  /** `account` is gone. */
  remove(account: Account): void {
    this.#links.get(account)?.end();
    this.#links.delete(account);
    this.#responses.get(account)?.clear();
    this.#responses.delete(account);
    this.#remoteRequests.get(account)?.clear();
    this.#remoteRequests.delete(account);
  }

  /** `message`, which is measured by another server, has come for `account`. */
  measuredRequestCame(account: Account, message: Message): void {
    const known = this.#remoteRequests.get(account);
    const requests = known ?? new RemoteRequests(account, this);
    if (known === undefined) this.#remoteRequests.set(account, requests);
    requests.came(message);
  }

  repliesOf(account: Account): Replies {
    return this.#linksOf(account).replies;
  }

  responsesOf(account: Account): Responses {
    const known = this.#responses.get(account);
    if (known !== undefined) return known;
    const responses = new Responses(account, this);
    this.#responses.set(account, responses);
    return responses;
  }

  #linksOf(account: Account): AccountLinks {
    const known = this.#links.get(account);
    if (known !== undefined) return known;
    const links = new AccountLinks(account, this);
    this.#links.set(account, links);
    account.links = links;
    return links;
  }
}

/** Imports that take as long to lead elsewhere as a step. */
const LINKS_PER_STEP = 64;

/** Of one account. */
class AccountLinks implements InterestLinks {
  readonly #account: Account;
  readonly #host: ImportHost;
  #replies: Replies | undefined = undefined;
  /** By their options as text. */
  #links = new Map<string, ImportLink>();
  #streams: readonly StreamLink[] = [];

  constructor(account: Account, host: ImportHost) {
    this.#account = account;
    this.#host = host;
  }

  get replies(): Replies {
    return this.#replies ??= new Replies(this.#account, this.#host.clock);
  }

  configure(imports: readonly ImportOptions[]): void {
    const before = this.#links;
    this.#links = new Map();
    for (const options of imports) {
      const key = JSON.stringify(options);
      const link = before.get(key) ?? this.#linkOf(options);
      before.delete(key);
      if (link !== undefined) this.#links.set(key, link);
    }
    for (const link of before.values()) link.end();
    this.#streams = [...this.#links.values()]
      .filter((link) => link instanceof StreamLink);
  }

  get links(): Iterable<ImportLink> {
    return this.#links.values();
  }

  end(): void {
    this.configure([]);
    this.#replies?.clear();
    this.#account.links = undefined;
  }

  adding(interest: Interest): void {
    for (const stream of this.#streams) stream.adding(interest);
  }

  importedBy(interest: Interest): ImportedInterest[] {
    return this.#streams.flatMap((stream) => stream.importedBy(interest));
  }

  removed(interest: Interest): void {
    for (const stream of this.#streams) stream.removed(interest);
    this.#replies?.interestEnded(interest.subject);
  }

  /** An import that makes no sense is there without an effect: the configuration has complained of it. */
  #linkOf(options: ImportOptions): ImportLink | undefined {
    if (transformProblem(options) !== "") return undefined;
    const pattern = localPattern(asOnWire(options));
    if (!isValidSubject(pattern)) return undefined;
    return options.kind === "stream"
      ? new StreamLink(options, this.#account, this.#host)
      : new ServiceLink(options, this.#account, this.#host);
  }
}
