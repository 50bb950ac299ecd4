/** `/jsz`: JetStream, its accounts, streams and consumers. */
import { boolParam, intParam, textParam } from "../http/go_params.ts";
import { pageHead, unlessEmpty } from "./fields.ts";
import {
  apiFields,
  configFields,
  limitFields,
  statFields,
  usageFields,
} from "./jetstream_fields.ts";
import type { Jsz, JszAccount, JszStream } from "./jetstream_types.ts";
import type { Page } from "./page.ts";
import { windowParams } from "./query.ts";
import type { ServerSnapshot } from "./snapshot.ts";
import type {
  JetStreamRequest,
  StreamAccountFacts,
  StreamRowFacts,
} from "./stream_facts.ts";

/** There is one server, which leads everything. */
const WITHOUT_EFFECT = ["leader-only", "raft", "stream-leader-only"];

/** NATS monitoring: no limit, as a number without sign. */
const NO_LIMIT = 2 ** 64;

interface JszQuery {
  readonly request: JetStreamRequest;
  readonly withConfig: boolean;
}

export const jsz: Page<JszQuery, "jetstream", Jsz> = {
  read(params) {
    for (const name of WITHOUT_EFFECT) boolParam(params, name);
    const flag = (name: string): boolean => boolParam(params, name);
    const account = textParam(params, "acc");
    const accounts = flag("accounts");
    const streams = flag("streams");
    const consumers = flag("consumers");
    const directConsumers = flag("direct-consumers");
    const withConfig = flag("config");
    const window = windowParams(params);
    const hasStreams = streams || consumers || directConsumers;
    const hasAccounts = accounts || hasStreams;
    intParam(params, "limit");
    return {
      request: {
        account,
        offset: window.offset,
        limit: hasAccounts ? window.limit : 0,
        streams: hasStreams,
        consumers,
        directConsumers,
      },
      withConfig,
    };
  },
  wants: ({ request }) => ({ jetstream: request }),
  show: (snapshot, { withConfig }) =>
    snapshot.jetstream === undefined
      ? without(snapshot)
      : withStreams(snapshot, snapshot.jetstream, withConfig),
};

function without(snapshot: ServerSnapshot<"jetstream">): Jsz {
  return {
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: 0, errors: 0 },
    ...pageHead(snapshot),
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
    total: 0,
  };
}

function withStreams(
  snapshot: ServerSnapshot<"jetstream">,
  facts: NonNullable<ServerSnapshot<"jetstream">["jetstream"]>,
  withConfig: boolean,
): Jsz {
  const { streams, consumers, messages, bytes, details } = facts;
  return {
    ...statFields(facts),
    ...pageHead(snapshot),
    config: configFields(facts, true),
    limits: limitFields(facts),
    streams,
    consumers,
    messages,
    bytes,
    account_details: unlessEmpty(
      details.map((one) => accountRow(one, snapshot.serverName, withConfig)),
    ),
    total: facts.accounts,
  };
}

function accountRow(
  { name, usage, limits, api, streams, unopened }: StreamAccountFacts,
  leader: string,
  withConfig: boolean,
): JszAccount {
  const isTiered = limits.tiers !== undefined;
  const most = (bytes: number): number =>
    isTiered ? 0 : bytes < 0 ? NO_LIMIT : bytes;
  return {
    name,
    id: name,
    ...usageFields(usage),
    reserved_memory: most(limits.maxMemoryBytes),
    reserved_storage: most(limits.maxFileBytes),
    accounts: 0,
    ha_assets: 0,
    api: apiFields(api, 0),
    stream_detail: unlessEmpty(
      streams.map((one) => streamRow(one, leader, withConfig)),
    ),
    unopened: Object.keys(unopened).length === 0 ? undefined : unopened,
  };
}

function streamRow(
  { name, info, consumers, directConsumers }: StreamRowFacts,
  leader: string,
  withConfig: boolean,
): JszStream {
  const shown = (row: Readonly<Record<string, unknown>>): object => {
    const { config: _, ...others } = row;
    return withConfig ? row : others;
  };
  return {
    name,
    created: info["created"],
    cluster: { leader },
    config: withConfig ? info["config"] : undefined,
    state: info["state"],
    consumer_detail: unlessEmpty(consumers.map(shown)),
    direct_consumer_detail: unlessEmpty(directConsumers.map(shown)),
    mirror: info["mirror"],
    sources: info["sources"],
  };
}
