/**
 * Requests about accounts: `$SYS.REQ.ACCOUNT.<name>.X`, of which every account
 * may ask CONNZ and STATZ about itself, and `$SYS.REQ.ACCOUNT.PING.STATZ` about
 * all of them.
 */
import type { SlicedWork } from "../http/slices.ts";
import { accountz, accstatz } from "../monitor/accounts.ts";
import { connz } from "../monitor/connz.ts";
import { jsz } from "../monitor/jsz.ts";
import { type Page, showing } from "../monitor/page.ts";
import type { AccountStat, AccountStatz } from "../monitor/page_types.ts";
import type { PartName } from "../monitor/snapshot.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import { subsz } from "../monitor/subsz.ts";
import { leafz } from "../monitor/unused.ts";
import type { Message } from "../wire/message.ts";
import type { AccountConnections } from "./account_connections.ts";
import { AnswerError, type Answers } from "./answers.ts";
import { readRequest, tokenAt } from "./request.ts";
import { type RequestForm, requestForm } from "./request_options.ts";
import {
  CONNZ_FORM,
  JSZ_FORM,
  LEAFZ_FORM,
  SUBSZ_FORM,
} from "./server_requests.ts";
import type { Voice } from "./voice.ts";

/** Where the account stands in `$SYS.REQ.ACCOUNT.<name>.X`. */
const NAME_TOKEN = 3;

/** One kind of request about an account. */
interface AccountRequest {
  readonly form: RequestForm;
  readonly show: (
    source: WatchedServer,
    query: URLSearchParams,
    name: string,
  ) => SlicedWork<unknown>;
}

const INFO_FORM = requestForm("Accountz", { account: ["string"] });

const STATZ_FORM = requestForm("AccountStatz", {
  accounts: ["strings"],
  include_unused: ["bool", "unused"],
});

const showAccount = showing(accountz);
const showStreams = showing(jsz);
const showStatistics = showing(accstatz);

const REQUESTS: Readonly<Record<string, AccountRequest>> = {
  SUBSZ: { form: SUBSZ_FORM, show: pageAbout(subsz, { subs: "1" }) },
  CONNZ: { form: CONNZ_FORM, show: pageAbout(connz, {}) },
  LEAFZ: { form: LEAFZ_FORM, show: pageAbout(leafz, {}) },
  JSZ: {
    form: JSZ_FORM,
    *show(source, query, name) {
      query.set("acc", name);
      query.set("accounts", "1");
      const { disabled, account_details: [account] = [] } = yield* showStreams(
        source,
        query,
      );
      if (disabled) throw new AnswerError(500, "jetstream not enabled", true);
      if (account !== undefined) return account;
      const shown = JSON.stringify(name);
      const why = `account ${shown} not jetstream enabled`;
      throw new AnswerError(500, why, true);
    },
  },
  INFO: {
    form: INFO_FORM,
    *show(source, query, name) {
      query.set("acc", name);
      const { account_detail } = yield* showAccount(source, query);
      return account_detail;
    },
  },
};

export class AccountRequests {
  readonly #voice: Voice;
  readonly #answers: Answers;
  readonly #watched: WatchedServer;
  readonly #connections: AccountConnections;

  constructor(
    voice: Voice,
    answers: Answers,
    watched: WatchedServer,
    connections: AccountConnections,
  ) {
    this.#voice = voice;
    this.#answers = answers;
    this.#watched = watched;
    this.#connections = connections;
  }

  start(): void {
    for (const [name, request] of Object.entries(REQUESTS)) {
      this.#serve(`*.${name}`, (message) => this.#ask(request, message));
    }
    this.#serve("*.STATZ", (message) => {
      // It has a handler of its own, which this pattern takes in.
      const name = tokenAt(message, NAME_TOKEN);
      if (name !== "PING") this.#askStatistics(message, name);
    });
    this.#serve("PING.STATZ", (message) => this.#askStatistics(message, ""));
    this.#serve("*.CONNS", (message) => this.#askConnections(message));
  }

  #serve(subject: string, handler: (message: Message) => void): void {
    this.#voice.client.subscribe(`$SYS.REQ.ACCOUNT.${subject}`, "", handler);
  }

  #ask({ form, show }: AccountRequest, message: Message): void {
    const request = readRequest(message);
    const options = this.#answers.optionsOf(request, form);
    if (options === undefined) return;
    const name = tokenAt(message, NAME_TOKEN);
    this.#answers.data(request, show(this.#watched, options.query, name));
  }

  /** NATS: an account that has no clients here is not told of, unless that is asked for. */
  #askStatistics(message: Message, name: string): void {
    const request = readRequest(message);
    const options = this.#answers.optionsOf(request, STATZ_FORM);
    if (options === undefined) return;
    const { values, query } = options;
    const wanted = name === "" ? values["accounts"] : [name];
    const names = Array.isArray(wanted) && wanted.length > 0
      ? new Set<unknown>(wanted)
      : undefined;
    const isWanted = ({ acc }: AccountStat): boolean =>
      names === undefined || names.has(acc);
    const isSilent = name !== "";
    this.#answers.data(request, this.#statistics(query, isWanted, isSilent));
  }

  *#statistics(
    query: URLSearchParams,
    isWanted: (stat: AccountStat) => boolean,
    isSilent: boolean,
  ): SlicedWork<AccountStatz | undefined> {
    const page = yield* showStatistics(this.#watched, query);
    const account_statz = page.account_statz.filter(isWanted);
    if (isSilent && account_statz.length === 0) return undefined;
    return { ...page, account_statz };
  }

  /** NATS: the bare event. */
  #askConnections(message: Message): void {
    const event = this.#connections.eventOf(tokenAt(message, NAME_TOKEN));
    if (event !== undefined) {
      this.#voice.answer(readRequest(message).reply, event);
    }
  }
}

/** The page `page` of one account, whichever account the query names. */
function pageAbout<Query, Part extends PartName, Shown extends object>(
  page: Page<Query, Part, Shown>,
  params: Readonly<Record<string, string>>,
): AccountRequest["show"] {
  const show = showing(page);
  return (source, query, name) => {
    query.set("acc", name);
    for (const [param, value] of Object.entries(params)) {
      query.set(param, value);
    }
    return show(source, query);
  };
}
