/** JetStream in a snapshot: what streams hold, and what is wrong with some. */
import { SliceBudget, type SlicedWork } from "../../http/slices.ts";
import type {
  AccountStreams,
  OpenStream,
} from "../../jetstream/account_streams.ts";
import { publicCount } from "../../jetstream/api/account_requests.ts";
import { consumerInfo, streamInfo } from "../../jetstream/api/answers.ts";
import { isPublic } from "../../jetstream/consumer/consumer_config.ts";
import type { JetStream } from "../../jetstream/jetstream.ts";
import type { Usage } from "../../jetstream/limits/usage.ts";
import type {
  JetStreamFacts,
  JetStreamRequest,
  StorageFacts,
  StreamAccountFacts,
  StreamFault,
  StreamHealthRequest,
  StreamRowFacts,
} from "../stream_facts.ts";

/** Streams and consumers in one slice. */
const ROWS_PER_SLICE = 256;

export function* takeStreams(
  jetstream: JetStream | undefined,
  request: JetStreamRequest,
): SlicedWork<JetStreamFacts | undefined> {
  if (jetstream === undefined) return undefined;
  const { quota } = jetstream;
  const { maxMemoryBytes, maxFileBytes, domain, strict, sync } = quota.options;
  const names = [...jetstream.accounts.keys()].sort();
  const budget = new SliceBudget(ROWS_PER_SLICE);
  const details: StreamAccountFacts[] = [];
  for (const name of chosen(names, request)) {
    const account = jetstream.accounts.get(name);
    // It may be gone meanwhile.
    if (account === undefined) continue;
    details.push(yield* accountFacts(account, request, budget));
  }
  return {
    ...totals([...jetstream.accounts.values()]),
    usage: storageFacts(quota.usage),
    accounts: names.length,
    config: {
      maxMemoryBytes,
      maxFileBytes,
      folder: jetstream.folder,
      domain,
      isStrict: strict,
      isLazy: sync === "lazy",
    },
    limits: quota.limits,
    batch: quota.batch,
    details,
  };
}

function chosen(
  names: readonly string[],
  { account, offset, limit }: JetStreamRequest,
): readonly string[] {
  if (account !== "") return names.filter((name) => name === account);
  return names.slice(offset, offset + limit);
}

function totals(all: readonly AccountStreams[]) {
  const api = { total: 0, errors: 0 };
  const sum = { streams: 0, consumers: 0, messages: 0, bytes: 0 };
  for (const { counts, streams } of all) {
    api.total += counts.total;
    api.errors += counts.errors;
    sum.streams += streams.size;
    for (const open of streams.values()) {
      sum.consumers += publicCount(open);
      sum.messages += open.stream.index.messages;
      sum.bytes += open.stream.index.bytes;
    }
  }
  return { api, ...sum };
}

function* accountFacts(
  { account, host, streams, counts, recovery }: AccountStreams,
  request: JetStreamRequest,
  budget: SliceBudget,
): SlicedWork<StreamAccountFacts> {
  const rows: StreamRowFacts[] = [];
  const names = request.streams ? [...streams.keys()].sort() : [];
  for (const name of names) {
    const open = streams.get(name);
    if (open !== undefined) rows.push(yield* streamRow(open, request, budget));
  }
  return {
    name: account.name,
    usage: storageFacts(host.quota.usage),
    limits: host.quota.limits,
    api: { ...counts },
    streams: rows,
    unopened: Object.fromEntries(recovery.unopened),
  };
}

function* streamRow(
  open: OpenStream,
  request: JetStreamRequest,
  budget: SliceBudget,
): SlicedWork<StreamRowFacts> {
  const { stream: { name, host }, consumers } = open;
  const nowUs = host.moments.nowUs();
  const rows: Record<string, unknown>[] = [];
  const direct: Record<string, unknown>[] = [];
  const wantsAny = request.consumers || request.directConsumers;
  for (const one of wantsAny ? [...consumers.values()] : []) {
    const isShown = isPublic(one.config)
      ? request.consumers
      : request.directConsumers;
    if (isShown) {
      const list = isPublic(one.config) ? rows : direct;
      list.push({ ...consumerInfo(one, nowUs) });
    }
    if (budget.spend()) yield;
  }
  if (budget.spend()) yield;
  return {
    name,
    info: { ...streamInfo(open, nowUs) },
    consumers: rows,
    directConsumers: direct,
  };
}

function storageFacts({ used, reserved }: Usage): StorageFacts {
  return {
    memory: used.memory.bytes,
    file: used.file.bytes,
    reservedMemory: reserved.memory.bytes,
    reservedFile: reserved.file.bytes,
  };
}

/** What is wrong with what was asked for, or with anything; undefined: there is no JetStream. */
export function* takeStreamHealth(
  jetstream: JetStream | undefined,
  request: StreamHealthRequest,
): SlicedWork<readonly StreamFault[] | undefined> {
  if (jetstream === undefined) return undefined;
  const missing = missingOf(jetstream, request);
  if (missing !== undefined) return [missing];
  const faults: StreamFault[] = [];
  const budget = new SliceBudget(ROWS_PER_SLICE);
  for (const [account, error] of jetstream.unopened) {
    if (request.account !== "" && account !== request.account) continue;
    faults.push({ type: "ACCOUNT", isMissing: false, account, error });
  }
  for (const [account, { streams, recovery }] of [...jetstream.accounts]) {
    if (request.account !== "" && account !== request.account) continue;
    const isMeant = (stream: string): boolean =>
      request.stream === "" || stream === request.stream;
    for (const [stream, why] of recovery.unopened) {
      if (isMeant(stream)) faults.push(faultOf(account, stream, why));
    }
    for (const [name, { stream }] of [...streams]) {
      if (isMeant(name)) {
        for (const { text } of stream.damage) {
          faults.push(faultOf(account, name, text));
        }
      }
      if (budget.spend()) yield;
    }
  }
  return faults;
}

function faultOf(account: string, stream: string, why: string): StreamFault {
  const error = `JetStream stream "${stream}" on account "${account}": ${why}`;
  return { type: "STREAM", isMissing: false, account, stream, error };
}

/** Undefined: all that was asked for is there. */
function missingOf(
  jetstream: JetStream,
  { account, stream, consumer }: StreamHealthRequest,
): StreamFault | undefined {
  if (account === "") return undefined;
  const streams = jetstream.accounts.get(account);
  if (streams === undefined) {
    if (jetstream.unopened.has(account)) return undefined;
    const error = `JetStream account "${account}" not found`;
    return { type: "ACCOUNT", isMissing: true, account, error };
  }
  if (stream === "" || streams.recovery.unopened.has(stream)) return undefined;
  const open = streams.streams.get(stream);
  if (open === undefined) {
    const error = `JetStream stream "${stream}" not found on account ` +
      `"${account}"`;
    return { type: "STREAM", isMissing: true, account, stream, error };
  }
  if (consumer === "" || open.consumers.has(consumer)) return undefined;
  const error = `JetStream consumer "${consumer}" not found for stream ` +
    `"${stream}" on account "${account}"`;
  return {
    type: "CONSUMER",
    isMissing: true,
    account,
    stream,
    consumer,
    error,
  };
}
