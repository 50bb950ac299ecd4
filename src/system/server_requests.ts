/**
 * Requests about servers: `$SYS.REQ.SERVER.<id>.X` is for one of them, and
 * `$SYS.REQ.SERVER.PING.X` for all that its filters mean. The answers are the
 * pages of monitoring.
 */
import type { SlicedWork } from "../http/slices.ts";
import { accountz } from "../monitor/accounts.ts";
import { connz } from "../monitor/connz.ts";
import { healthz } from "../monitor/healthz.ts";
import { jsz } from "../monitor/jsz.ts";
import { type Page, showing, type ShowPage } from "../monitor/page.ts";
import { routez } from "../monitor/routez.ts";
import type { PartName } from "../monitor/snapshot.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import { subsz } from "../monitor/subsz.ts";
import { gatewayz, leafz } from "../monitor/unused.ts";
import { varz } from "../monitor/varz.ts";
import type { Message } from "../wire/message.ts";
import type { Answers } from "./answers.ts";
import { readRequest } from "./request.ts";
import {
  type RequestFields,
  type RequestForm,
  requestForm,
} from "./request_options.ts";
import type { Statistics } from "./statistics.ts";
import type { Voice } from "./voice.ts";

/** One kind of request about a server. */
interface ServerRequest {
  readonly form: RequestForm;
  readonly show: (
    source: WatchedServer,
    query: URLSearchParams,
    values: Readonly<Record<string, unknown>>,
  ) => SlicedWork<unknown>;
}

const SUBSCRIPTIONS = {
  subscriptions: ["bool", (yes) => yes === true ? ["subs", "1"] : undefined],
  subscriptions_detail: [
    "bool",
    (yes) => yes === true ? ["subs", "detail"] : undefined,
  ],
} as const satisfies RequestFields;

const STATES = ["open", "closed", "all"];

export const CONNZ_FORM: RequestForm = requestForm("Connz", {
  sort: ["string", "sort", "server.SortOpt"],
  auth: ["bool", "auth"],
  ...SUBSCRIPTIONS,
  offset: ["int", "offset"],
  limit: ["int", "limit"],
  cid: ["int", "cid", "uint64"],
  mqtt_client: ["string", "mqtt_client"],
  state: [
    "int",
    (state) => ["state", STATES[Number(state)] ?? "open"],
    "server.ConnState",
  ],
  user: ["string", "user"],
  acc: ["string", "acc"],
  filter_subject: ["string"],
});

export const SUBSZ_FORM: RequestForm = requestForm("Subsz", {
  offset: ["int", "offset"],
  limit: ["int", "limit"],
  subscriptions: SUBSCRIPTIONS.subscriptions,
  account: ["string", "acc"],
  test: ["string", "test"],
});

export const LEAFZ_FORM: RequestForm = requestForm("Leafz", {
  subscriptions: ["bool"],
  account: ["string"],
});

export const JSZ_FORM: RequestForm = requestForm("Jsz", {
  account: ["string", "acc"],
  accounts: ["bool", "accounts"],
  streams: ["bool", "streams"],
  consumer: ["bool", "consumers"],
  direct_consumer: ["bool", "direct-consumers"],
  config: ["bool", "config"],
  leader_only: ["bool"],
  offset: ["int", "offset"],
  limit: ["int", "limit"],
  raft: ["bool"],
  stream_leader_only: ["bool"],
});

const STATSZ_FORM = requestForm("Statsz", {});

const HEALTHZ_FORM = requestForm("Healthz", {
  "js-enabled": ["bool", "js-enabled"],
  "js-enabled-only": ["bool", "js-enabled-only"],
  "js-server-only": ["bool", "js-server-only"],
  "js-meta-only": ["bool"],
  account: ["string", "account"],
  stream: ["string", "stream"],
  consumer: ["string", "consumer"],
  details: ["bool", "details"],
});

const showHealth = showing(healthz);

const REQUESTS: Readonly<Record<string, ServerRequest>> = {
  VARZ: page("Varz", {}, varz),
  SUBSZ: { form: SUBSZ_FORM, show: showing(subsz) },
  CONNZ: { form: CONNZ_FORM, show: showing(connz) },
  ROUTEZ: page("Routez", SUBSCRIPTIONS, routez),
  GATEWAYZ: page("Gatewayz", {
    name: ["string"],
    accounts: ["bool"],
    account_name: ["string"],
    account_subscriptions: ["bool"],
    account_subscriptions_detail: ["bool"],
  }, gatewayz),
  LEAFZ: { form: LEAFZ_FORM, show: showing(leafz) },
  ACCOUNTZ: page("Accountz", { account: ["string", "acc"] }, accountz),
  JSZ: { form: JSZ_FORM, show: showing(jsz) },
  HEALTHZ: {
    form: HEALTHZ_FORM,
    *show(source, query) {
      const { status, page } = yield* showHealth(source, query);
      const { status: word, ...others } = page;
      return { status: word, status_code: status, ...others };
    },
  },
  PROFILEZ: {
    form: requestForm("Profilez", {
      name: ["string"],
      debug: ["int"],
      duration: ["int", undefined, "time.Duration"],
    }),
    *show(_source, _query, { name = "" }) {
      yield* [];
      const error = name === ""
        ? "Profile name not specified"
        : `Profile ${JSON.stringify(name)} not found`;
      return { profile: null, error };
    },
  },
  EXPVARZ: {
    form: requestForm("ExpvarzEvent", {}),
    *show({ platform }) {
      yield* [];
      const Sys = platform.memoryUsage();
      return { memstats: { Sys } };
    },
  },
  // There are no queues between threads, and no groups that vote.
  IPQUEUESZ: { form: requestForm("IpqueueszEvent", {}), show: showNothing },
  RAFTZ: { form: requestForm("RaftzEvent", {}), show: showNothing },
};

export class ServerRequests {
  readonly #voice: Voice;
  readonly #answers: Answers;
  readonly #watched: WatchedServer;
  readonly #statistics: Statistics;

  constructor(
    voice: Voice,
    answers: Answers,
    watched: WatchedServer,
    statistics: Statistics,
  ) {
    this.#voice = voice;
    this.#answers = answers;
    this.#watched = watched;
    this.#statistics = statistics;
  }

  start(): void {
    const { client } = this.#voice;
    const askStatistics = (message: Message) => this.#askStatistics(message);
    client.subscribe("$SYS.REQ.SERVER.PING", "", askStatistics);
    this.#serve("STATSZ", askStatistics);
    this.#serve("IDZ", (message) => this.#askId(message));
    for (const [name, request] of Object.entries(REQUESTS)) {
      this.#serve(name, (message) => this.#ask(request, message));
    }
  }

  #serve(name: string, handler: (message: Message) => void): void {
    const { client, serverId } = this.#voice;
    for (const whom of [serverId, "PING"]) {
      client.subscribe(`$SYS.REQ.SERVER.${whom}.${name}`, "", handler);
    }
  }

  /** NATS: bare, and whatever the request says. */
  #askId(message: Message): void {
    const { identity, options } = this.#voice.broker;
    this.#voice.answer(readRequest(message).reply, {
      name: identity.name,
      host: options.host,
      id: identity.id,
    });
  }

  /** NATS: statistics are never compressed. */
  #askStatistics(message: Message): void {
    const request = readRequest(message);
    const options = this.#answers.optionsOf(request, STATSZ_FORM);
    if (options === undefined) return;
    this.#voice.answer(request.reply, this.#statistics.body());
  }

  #ask({ form, show }: ServerRequest, message: Message): void {
    const request = readRequest(message);
    const options = this.#answers.optionsOf(request, form);
    if (options === undefined) return;
    const { query, values } = options;
    this.#answers.data(request, show(this.#watched, query, values));
  }
}

function page<Query, Part extends PartName, Shown extends object>(
  name: string,
  options: RequestFields,
  shown: Page<Query, Part, Shown>,
): ServerRequest {
  const show: ShowPage<Shown> = showing(shown);
  return { form: requestForm(name, options), show };
}

function* showNothing(): SlicedWork<object> {
  yield* [];
  return {};
}
