/**
 * The parameters of the pages as options of functions. The options are written
 * into a query, which the page reads like that of an HTTP request, so a function
 * and its page accept and refuse the same things in the same words.
 */
import { badParam } from "../http/go_params.ts";
import type { WithRows } from "../http/json_pieces.ts";
import { finishNow } from "../http/slices.ts";
import { accountz, accstatz } from "./accounts.ts";
import { connz } from "./connz.ts";
import type { ConnzSort } from "./connz_sort.ts";
import { discoveryz } from "./discoveryz.ts";
import { healthz } from "./healthz.ts";
import type { Jsz } from "./jetstream_types.ts";
import { jsz } from "./jsz.ts";
import { showing, type ShowPage, type SnapshotSource } from "./page.ts";
import type {
  AccountStatz,
  Accountz,
  Connz,
  Discoveryz,
  Healthz,
  Routez,
  Subsz,
} from "./page_types.ts";
import type { Varz } from "./varz_types.ts";
import { routez } from "./routez.ts";
import { subsz } from "./subsz.ts";
import { varz } from "./varz.ts";

/** Which part of a list. */
export interface WindowOptions {
  /** The number of rows to skip. */
  readonly offset?: number;
  /** The most rows to list. Default: 1024. */
  readonly limit?: number;
}

/** Which clients `connz` lists, in which order and with which fields. */
export interface ConnzOptions extends WindowOptions {
  /** Default: `cid`. `stop` and `reason` need `state: "closed"`. */
  readonly sort?: ConnzSort;
  /** Show user and account. */
  readonly auth?: boolean;
  /** List the subjects of the subscriptions, or with `"detail"` all their fields. */
  readonly subs?: boolean | "detail";
  /** Only the client with this id. */
  readonly cid?: number;
  /** Default: `open`. */
  readonly state?: "open" | "closed" | "all";
  /** Only clients that logged in as this user. */
  readonly user?: string;
  /** Only clients of this account. */
  readonly acc?: string;
}

/** What `routez` shows of the subscriptions behind each route. */
export interface RoutezOptions {
  readonly subs?: boolean | "detail";
}

/** Whether `subsz` lists subscriptions, and which. */
export interface SubszOptions extends WindowOptions {
  /** List the subscriptions, in addition to the counters. */
  readonly subs?: boolean;
  /** Only those that match this subject. */
  readonly test?: string;
  /** Only those of this account. */
  readonly acc?: string;
}

/** What `accountz` shows. */
export interface AccountzOptions {
  /** Show this account in detail instead of the names of all. */
  readonly acc?: string;
}

/** Which accounts `accstatz` shows. */
export interface AccountStatzOptions {
  /** Include accounts without clients. */
  readonly unused?: boolean;
}

/** What `jsz` lists. */
export interface JszOptions extends WindowOptions {
  /** Only this account. */
  readonly acc?: string;
  /** List the accounts that have JetStream. */
  readonly accounts?: boolean;
  /** With their streams, */
  readonly streams?: boolean;
  /** and their consumers. */
  readonly consumers?: boolean;
  /** Show what streams and consumers are configured with. */
  readonly config?: boolean;
}

/** How `healthz` reports failures, and where it looks for them. */
export interface HealthzOptions {
  /** Streams of this account alone. */
  readonly account?: string;
  /** This stream alone, of `account`. */
  readonly stream?: string;
  /** This consumer alone, of `stream`. */
  readonly consumer?: string;
  /** Report each failure with its type. */
  readonly details?: boolean;
}

/** One page as a function, and the names of its options. */
export interface PageFunction<Options, Result extends object> {
  readonly name: string;
  readonly options: Readonly<Record<keyof Options, true>>;
  /** Its result becomes a `Result` as plain data. */
  readonly show: ShowPage<WithRows<Result>>;
}

type NoOptions = Record<never, never>;

export const VARZ: PageFunction<NoOptions, Varz> = {
  name: "varz",
  options: {},
  show: showing(varz),
};

export const CONNZ: PageFunction<ConnzOptions, Connz> = {
  name: "connz",
  options: {
    sort: true,
    auth: true,
    subs: true,
    offset: true,
    limit: true,
    cid: true,
    state: true,
    user: true,
    acc: true,
  },
  show: showing(connz),
};

export const ROUTEZ: PageFunction<RoutezOptions, Routez> = {
  name: "routez",
  options: { subs: true },
  show: showing(routez),
};

export const SUBSZ: PageFunction<SubszOptions, Subsz> = {
  name: "subsz",
  options: { subs: true, offset: true, limit: true, test: true, acc: true },
  show: showing(subsz),
};

export const ACCOUNTZ: PageFunction<AccountzOptions, Accountz> = {
  name: "accountz",
  options: { acc: true },
  show: showing(accountz),
};

export const ACCSTATZ: PageFunction<AccountStatzOptions, AccountStatz> = {
  name: "accstatz",
  options: { unused: true },
  show: showing(accstatz),
};

export const JSZ: PageFunction<JszOptions, Jsz> = {
  name: "jsz",
  options: {
    acc: true,
    accounts: true,
    streams: true,
    consumers: true,
    config: true,
    offset: true,
    limit: true,
  },
  show: showing(jsz),
};

const showHealth = showing(healthz);

export const HEALTHZ: PageFunction<HealthzOptions, Healthz> = {
  name: "healthz",
  options: { account: true, stream: true, consumer: true, details: true },
  *show(source, params) {
    return (yield* showHealth(source, params)).page;
  },
};

export const DISCOVERYZ: PageFunction<NoOptions, Discoveryz> = {
  name: "discoveryz",
  options: {},
  show: showing(discoveryz),
};

/**
 * A page as plain data that belongs to the caller, equal to what HTTP shows.
 * Throws a `Refusal`, in the words of the page, for invalid options.
 */
export function readPage<Options extends object, Result extends object>(
  page: PageFunction<Options, Result>,
  source: SnapshotSource,
  options: Options,
): Result {
  const shown = finishNow(page.show(source, queryOf(page, options)));
  return JSON.parse(JSON.stringify(shown));
}

function queryOf<Options extends object>(
  { name, options: known }: PageFunction<Options, object>,
  options: Options,
): URLSearchParams {
  const query = new URLSearchParams();
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, option)) {
      throw badParam(option, `${name} has no option "${option}"`);
    }
    if (value !== undefined) query.set(option, String(value));
  }
  return query;
}
