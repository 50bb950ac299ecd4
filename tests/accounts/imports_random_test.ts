/**
 * Random accounts, exports, imports and subscriptions that come and go, compared
 * with a model that goes through all of them for each message.
 */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import { type DirectReceiver, Interest } from "../../src/accounts/interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { isSubsetMatch, subjectMatches } from "../../src/core/subject.ts";
import { transformProblem } from "../../src/options/import_rules.ts";
import type {
  AccountOptions,
  ExportOptions,
  ImportOptions,
} from "../../src/options/options.ts";
import { Message, subjectOf } from "../../src/wire/message.ts";
import { setSubject } from "../../src/wire/rewrite.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import {
  accountOptions,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "./account_options.ts";
import { accountSettings } from "./account_settings.ts";

const NAMES = ["A", "B", "C"];
const WORDS = ["x", "y", "z"];

/** A client that writes down what it hears. */
class Ear implements DirectReceiver {
  readonly kind: Kind = Kind.CLIENT;
  readonly #heard: string[];

  constructor(heard: string[]) {
    this.#heard = heard;
  }

  takes(): boolean {
    return true;
  }

  deliver({ sid }: Interest, message: Message): boolean {
    this.#heard.push(`${sid}: ${subjectOf(message)}`);
    return true;
  }
}

interface Subscription {
  readonly account: string;
  readonly interest: Interest;
}

/** Draws what a round is made of. */
class Draw {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  literal(): string {
    const length = 1 + this.below(3);
    return Array.from({ length }, () => this.of(WORDS)).join(".");
  }

  pattern(): string {
    const length = 1 + this.below(3);
    const tokens = Array.from(
      { length },
      () => this.of([...WORDS, "*"]),
    );
    if (this.below(4) === 0) tokens.push(">");
    return tokens.join(".");
  }

  /** A subject of the importing account for `subject`, which may make no sense. */
  local(subject: string): string {
    if (this.below(3) === 0) return subject;
    const stars = subject.split(".").filter((token) => token === "*").length;
    const places = Array.from({ length: stars }, (_, i) => `$${i + 1}`);
    if (this.below(2) === 0) places.reverse();
    if (this.below(4) === 0 && stars > 0) places.push(this.of(places));
    const tail = subject.endsWith(">") ? [">"] : [];
    return [this.of(WORDS), ...places, ...tail].join(".");
  }

  export(): ExportOptions {
    const accounts = this.below(4) === 0 ? [this.of(NAMES)] : [];
    const subject = this.below(3) === 0 ? this.pattern() : ">";
    return this.below(2) === 0
      ? streamExport(subject, { accounts })
      : serviceExport(subject, { accounts });
  }

  import(): ImportOptions {
    const [account, subject] = [this.of(NAMES), this.pattern()];
    const local = this.local(subject);
    return this.below(2) === 0
      ? streamImport(account, subject, { local })
      : serviceImport(account, subject, { local });
  }

  /** Accounts and subjects to publish: what imports are about, and something else. */
  messages(options: readonly AccountOptions[]): [string, string][] {
    const about = options.flatMap(({ name, imports }) =>
      imports.map(({ kind, account, subject, local }): [string, string] =>
        kind === "stream" ? [account, subject] : [name, local]
      )
    );
    return [[this.of(NAMES), this.literal()], ...about].map((
      [account, pattern],
    ) => [
      account!,
      pattern!.split(".").map((token) =>
        WORDS.includes(token) ? token : this.of(WORDS)
      ).join("."),
    ]);
  }

  accounts(): AccountOptions[] {
    const some = <T>(make: () => T): T[] =>
      Array.from({ length: this.below(4) }, make);
    return NAMES.map((name) => {
      const imports = new Map(
        some(() => this.import()).map((one) => [one.local, one]),
      );
      return accountOptions(name, {
        exports: some(() => this.export()),
        imports: [...imports.values()],
      });
    });
  }
}

/** What has to be heard of one message. */
class Model {
  readonly #accounts: readonly AccountOptions[];
  readonly #subscriptions: readonly Subscription[];

  constructor(
    accounts: readonly AccountOptions[],
    subscriptions: readonly Subscription[],
  ) {
    this.#accounts = accounts;
    this.#subscriptions = subscriptions;
  }

  heard(
    account: string,
    subject: string,
    visited: readonly string[] = [],
  ): string[] {
    const heard = this.#hearing(account, subject);
    for (const { name, imports } of this.#accounts) {
      for (const wanted of imports) {
        // What has come to a service is no stream.
        if (visited.length > 0) break;
        if (wanted.kind !== "stream" || wanted.account !== account) continue;
        if (!this.#isGranted(name, wanted)) continue;
        const local = translated(wanted.subject, numbered(wanted), subject);
        if (local === undefined) continue;
        heard.push(...this.#hearing(name, local));
      }
      if (name !== account) continue;
      for (const wanted of imports) {
        if (wanted.kind !== "service" || !this.#isGranted(name, wanted)) {
          continue;
        }
        const there = askedThere(wanted, subject);
        if (there === undefined || visited.includes(wanted.account)) continue;
        const path = [...visited, wanted.account];
        heard.push(...this.heard(wanted.account, there, path));
      }
    }
    return heard;
  }

  #hearing(account: string, subject: string): string[] {
    return this.#subscriptions
      .filter((one) =>
        one.account === account &&
        subjectMatches(one.interest.subject, subject)
      )
      .map(({ interest }) => `${interest.sid}: ${subject}`);
  }

  #isGranted(importer: string, wanted: ImportOptions): boolean {
    if (transformProblem(wanted) !== "") return false;
    const exporter = this.#accounts.find(({ name }) => name === wanted.account);
    const fitting = (exporter?.exports ?? []).filter((offered) =>
      offered.kind === wanted.kind &&
      isSubsetMatch(wanted.subject, offered.subject)
    );
    const exact = fitting.filter(({ subject }) => subject === wanted.subject);
    const deciding = exact.length > 0 ? exact : fitting;
    return deciding.some(({ subject }) => {
      const lists = deciding.flatMap((offered) =>
        offered.subject === subject ? [...offered.accounts ?? []] : []
      );
      return lists.length === 0 || lists.includes(importer);
    });
  }
}

/** `*` of the local subject by their numbers, as in `$1`. */
function numbered({ subject, local }: ImportOptions): string {
  let stars = 0;
  return isPattern(subject)
    ? local.replaceAll("*", () => `$${++stars}`)
    : local;
}

function isPattern(subject: string): boolean {
  return /(^|\.)[*>]($|\.)/.test(subject);
}

/** `subject`, which `pattern` may match, with what its wildcards stand for put into `to`. */
function translated(
  pattern: string,
  to: string,
  subject: string,
): string | undefined {
  if (!subjectMatches(pattern, subject)) return undefined;
  if (!isPattern(pattern)) return to;
  const tokens = subject.split(".");
  const places = pattern.split(".");
  const values = tokens.filter((_, i) => places[i] === "*");
  const tail = places.at(-1) === ">" ? tokens.slice(places.length - 1) : [];
  return to.split(".").flatMap((token) => {
    if (token === ">") return tail;
    return token.startsWith("$")
      ? [values[Number(token.slice(1)) - 1]!]
      : [token];
  }).join(".");
}

/** The subject of a request where it is served; undefined: it is no request. */
function askedThere(
  wanted: ImportOptions,
  subject: string,
): string | undefined {
  const to = numbered(wanted);
  const pattern = isPattern(wanted.subject)
    ? to.replaceAll(/\$\d+/g, "*")
    : wanted.local;
  if (!subjectMatches(pattern, subject)) return undefined;
  if (!isPattern(wanted.subject)) return wanted.subject;
  const tokens = subject.split(".");
  const places = to.split(".");
  const values = new Map<string, string>();
  places.forEach((place, i) => {
    if (place.startsWith("$") && !values.has(place)) {
      values.set(place, tokens[i]!);
    }
  });
  const tail = places.at(-1) === ">" ? tokens.slice(places.length - 1) : [];
  let stars = 0;
  return wanted.subject.split(".").flatMap((token) => {
    if (token === ">") return tail;
    return token === "*" ? [values.get(`$${++stars}`)!] : [token];
  }).join(".");
}

test("what is heard across random accounts is what a naive model says", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const draw = new Draw(() => random.next());
  for (let round = 0; round < 150; round++) {
    const settings = accountSettings();
    const accounts = new Accounts(settings);
    const heard: string[] = [];
    const subscriptions: Subscription[] = [];
    let options = draw.accounts();
    accounts.configure(options);
    for (let step = 0; step < 30; step++) {
      const account = draw.of(NAMES);
      const change = draw.below(5);
      if (change < 2) {
        const interest = Interest.direct(
          new Ear(heard),
          draw.pattern(),
          "",
          `${round}.${step}`,
        );
        accounts.named(account)!.add(interest);
        subscriptions.push({ account, interest });
      } else if (change === 2 && subscriptions.length > 0) {
        const at = draw.below(subscriptions.length);
        const [gone] = subscriptions.splice(at, 1);
        accounts.named(gone!.account)!.remove(gone!.interest);
      } else if (change === 3) {
        const other = draw.accounts();
        options = options.map((one, i) =>
          draw.below(2) === 0 ? one : other[i]!
        );
        accounts.configure(structuredClone(options));
      }
      const model = new Model(options, subscriptions);
      for (const [account, subject] of draw.messages(options)) {
        publish(accounts.named(account)!, subject, settings);
        assert.deepEqual(
          heard.splice(0).toSorted(),
          model.heard(account, subject).toSorted(),
          `round ${round}, step ${step}: ${account} ${subject} of ${
            JSON.stringify(options)
          }`,
        );
      }
    }
    for (const { account, interest } of subscriptions) {
      accounts.named(account)!.remove(interest);
    }
    accounts.configure(NAMES.map((name) => accountOptions(name)));
    for (const { name, sublist } of accounts) {
      assert.equal(sublist.size, 0, `something is left in ${name}`);
    }
  }
});

const PUBLISHER = { kind: Kind.CLIENT };

function publish(
  account: Account,
  subject: string,
  { imports: { delivery } }: ReturnType<typeof accountSettings>,
): void {
  const message = new Message();
  const bytes = asciiBytes(subject);
  setSubject(message, bytes);
  const body = asciiBytes("0\r\n\r\n");
  message.bodyBuffer = body;
  message.bodyEnd = body.length;
  message.payloadStart = 3;
  const { match } = account.facts(bytes, 0, bytes.length);
  delivery.publish(account, match, message, PUBLISHER);
}
