/**
 * The lists of a snapshot: clients, their subscriptions, routes, accounts. They
 * are gathered in slices while the server goes on, and only the requested rows
 * are copied.
 */
import type { Account } from "../../accounts/account.ts";
import type { Interest } from "../../accounts/interest.ts";
import { GLOBAL_ACCOUNT } from "../../core/account_names.ts";
import type { Broker } from "../../broker/broker.ts";
import {
  type ClosedConnection,
  type SubscriptionFacts,
  subscriptionFacts,
} from "../../broker/clients/closed_connections.ts";
import type { ClientSession } from "../../broker/clients/session.ts";
import { subjectMatches } from "../../core/subject.ts";
import { Sublist } from "../../core/sublist.ts";
import { noTraffic } from "../../core/traffic.ts";
import { sortInSlices } from "../../http/sliced_sort.ts";
import { SliceBudget, type SlicedWork } from "../../http/slices.ts";
import type { RemoteEntry } from "../../routes/interest.ts";
import type { Route } from "../../routes/route.ts";
import { type Ranked, rankOf, sortRanked, tieOf } from "../connz_sort.ts";
import { rowsIn } from "../query.ts";
import type {
  AccountFacts,
  AccountsRequest,
  ClientFacts,
  ClientsRequest,
  ClientState,
  ListFacts,
  OwnedSubscriptionFacts,
  RouteFacts,
  RoutesRequest,
  SnapshotParts,
  SubscriptionRowFacts,
  SubscriptionsRequest,
} from "../snapshot.ts";

/** Clients or subscriptions looked at, or copied, in one slice: well below a millisecond. */
const LOOKS_PER_SLICE = 2048;

export function* takeClients(
  broker: Broker,
  request: ClientsRequest,
): SlicedWork<SnapshotParts["clients"]> {
  const { subscriptions, account } = request;
  const found = yield* findClients(broker, request);
  const sorted = yield* sortRanked(found, LOOKS_PER_SLICE);
  const budget = new SliceBudget(LOOKS_PER_SLICE);
  const rows: ClientFacts[] = [];
  for (const { client } of rowsIn(sorted, request)) {
    askRoundTrip(client);
    rows.push(yield* rowOf(client, subscriptions, budget));
    if (budget.spend()) yield;
  }
  const isOfNoAccount = account !== "" && !broker.host.accounts.has(account);
  return { total: found.length, rows, isOfNoAccount };
}

interface FoundClient {
  readonly facts: ClientFacts;
  /** Undefined for a client that is gone. */
  readonly session: ClientSession | undefined;
}

function* findClients(
  broker: Broker,
  request: ClientsRequest,
): SlicedWork<Ranked<FoundClient>[]> {
  const found: Ranked<FoundClient>[] = [];
  const now = broker.host.clock.now();
  const budget = new SliceBudget(LOOKS_PER_SLICE);
  for (const client of clientsOf(broker, request.state)) {
    if (budget.spend()) yield;
    const { facts } = client;
    if (!isWanted(facts, request)) continue;
    const rank = rankOf(facts, request.sort, now);
    const tie = tieOf(facts, request.sort, found.length);
    found.push({ tie, rank, client });
  }
  return found;
}

function isWanted(
  client: ClientFacts,
  { id, user, account, mqttClient }: ClientsRequest,
): boolean {
  return (account === "" || client.account === account) &&
    (id === 0 || client.id === id) &&
    (user === "" || client.user === user) &&
    mqttClient === "";
}

/** Those that are gone first: a client that leaves meanwhile is not listed twice. */
function* clientsOf(broker: Broker, state: ClientState): Iterable<FoundClient> {
  const closed = state === "open" ? [] : broker.clients.closed.list();
  for (const client of closed) {
    yield { facts: closedClient(client), session: undefined };
  }
  const open = state === "closed" ? [] : sessionsOf(broker);
  for (const session of open) yield { facts: openClient(session), session };
}

function* rowOf(
  { facts, session }: FoundClient,
  withSubscriptions: boolean,
  budget: SliceBudget,
): SlicedWork<ClientFacts> {
  if (!withSubscriptions) return { ...facts, subscriptions: [] };
  if (session === undefined) return facts;
  const { subscriptions: { size }, subscriptions } = session;
  const all = subscriptions.values();
  return {
    ...facts,
    subscriptions: yield* copied(all, size, subscriptionFacts, budget),
  };
}

/** The round trip of a listed client is asked for when it is not known. */
function askRoundTrip({ facts, session }: FoundClient): void {
  // A person at a terminal names no language, and would not answer.
  const isUnknown = facts.rttMs === undefined || facts.rttMs === 0;
  if (isUnknown && facts.lang !== "") session?.connection.keepAlive.measure();
}

function openClient(session: ClientSession): ClientFacts {
  const { login, connection } = session;
  const { facts, keepAlive, output, socket } = connection;
  const { fields } = login;
  return {
    ...facts,
    traffic: { ...facts.traffic },
    connectionType: login.entrance.connectionType,
    remote: socket.remote,
    stoppedAt: undefined,
    reason: undefined,
    rttMs: keepAlive.rttMs,
    pendingBytes: output.outbox.pendingBytes,
    name: fields.name,
    lang: fields.lang,
    version: fields.version,
    tls: socket.tls,
    user: login.principal?.user ?? "",
    account: login.account.name,
    claims: login.principal?.claims,
    proxyKey: login.principal?.proxyKey,
    inGlobalAccount: login.account.name === GLOBAL_ACCOUNT,
    subscriptionCount: session.subscriptions.size,
    subscriptions: [],
  };
}

function closedClient(closed: ClosedConnection): ClientFacts {
  return {
    ...closed,
    pendingBytes: 0,
    inGlobalAccount: closed.account === GLOBAL_ACCOUNT,
  };
}

/** NATS monitoring: in the order of their clients, and each client's in that of their sids. */
export function* takeSubscriptions(
  broker: Broker,
  request: SubscriptionsRequest | undefined,
): SlicedWork<ListFacts<OwnedSubscriptionFacts>> {
  if (request === undefined) return { total: 0, rows: [] };
  const { offset, limit } = request;
  const budget = new SliceBudget(LOOKS_PER_SLICE);
  const rows: OwnedSubscriptionFacts[] = [];
  let total = 0;
  for (const session of sessionsOf(broker)) {
    const account = session.login.account.name;
    if (request.account !== "" && account !== request.account) continue;
    const wanted = yield* wantedOf(session, request.subject, budget);
    const window = {
      offset: Math.max(offset - total, 0),
      limit: limit - rows.length,
    };
    total += wanted.length;
    if (window.limit <= 0 || window.offset >= wanted.length) continue;
    const sorted = yield* sortInSlices(wanted, bySid, LOOKS_PER_SLICE);
    for (const facts of rowsIn(sorted, window)) {
      rows.push({ ...facts, clientId: session.id, account });
      if (budget.spend()) yield;
    }
  }
  return { total, rows };
}

/** The subscriptions of a client that a message of `subject` would reach; empty: all. */
function* wantedOf(
  { subscriptions }: ClientSession,
  subject: string,
  budget: SliceBudget,
): SlicedWork<SubscriptionFacts[]> {
  const wanted: SubscriptionFacts[] = [];
  for (const one of firstOf(subscriptions.values(), subscriptions.size)) {
    if (budget.spend()) yield;
    if (subject !== "" && !subjectMatches(one.subject, subject)) continue;
    wanted.push(subscriptionFacts(one));
  }
  return wanted;
}

function bySid(one: SubscriptionFacts, other: SubscriptionFacts): number {
  return one.sid < other.sid ? -1 : 1;
}

export function* takeRoutes(
  routes: Iterable<Route>,
  { subscriptions }: RoutesRequest,
): SlicedWork<RouteFacts[]> {
  const budget = new SliceBudget(LOOKS_PER_SLICE);
  const rows: RouteFacts[] = [];
  for (const route of [...routes]) {
    const { interest } = route;
    rows.push({
      ...routeFacts(route),
      subscriptions: subscriptions
        ? yield* copied(interest, interest.size, remoteSubscription, budget)
        : [],
    });
  }
  return rows;
}

function routeFacts(route: Route): Omit<RouteFacts, "subscriptions"> {
  const { info, solicitedBy, dialers } = route.member;
  const { facts, keepAlive, output, socket } = route.connection;
  return {
    id: facts.id,
    remoteId: info?.server_id ?? "",
    remoteName: info?.server_name ?? "",
    isSolicited: solicitedBy !== undefined,
    isConfigured: [...dialers].some(({ explicit }) => explicit),
    remote: socket.remote,
    startedAt: facts.startedAt,
    lastActivityAt: facts.lastActivityAt,
    rttMs: keepAlive.rttMs,
    pendingBytes: output.outbox.pendingBytes,
    traffic: { ...route.traffic },
    subscriptionCount: route.interest.size,
  };
}

/** NATS monitoring: the sid of a remote subscription is account, subject and queue. */
function remoteSubscription(
  { place, subscription }: RemoteEntry,
): SubscriptionRowFacts {
  const { subject, queue, delivered, max } = subscription;
  const group = queue === "" ? "" : ` ${queue}`;
  const sid = `${place.name} ${subject}${group}`;
  return { subject, queue, sid, delivered, max };
}

/** That of an account that nobody has asked for yet. */
const UNUSED_LOOK_UP = new Sublist<Interest>().stats();

/** All that does not come from JetStream. */
type PlainAccountFacts = Omit<AccountFacts, "hasStreams">;

export function* takeAccounts(
  broker: Broker,
  { name }: AccountsRequest,
  hasStreams: (account: string) => boolean,
): SlicedWork<AccountFacts[]> {
  const { accounts } = broker.host;
  const budget = new SliceBudget(LOOKS_PER_SLICE);
  const rows: AccountFacts[] = [];
  const awake = new Set<string>();
  for (const account of [...accounts]) {
    awake.add(account.name);
    if (name === "" || account.name === name) {
      const facts = withIssues(accountFacts(account, broker), name, broker);
      rows.push({ ...facts, hasStreams: hasStreams(account.name) });
    }
    if (budget.spend()) yield;
  }
  for (const other of accounts.names()) {
    const isWanted = name === "" || other === name;
    if (isWanted && !awake.has(other)) {
      const facts = withIssues(unusedAccount(other, broker), name, broker);
      rows.push({ ...facts, hasStreams: false });
    }
    if (budget.spend()) yield;
  }
  return rows;
}

function accountFacts(account: Account, broker: Broker): PlainAccountFacts {
  return {
    ...configured(account.name, broker),
    name: account.name,
    clients: account.clients,
    traffic: { ...account.traffic },
    routeTraffic: { ...account.routeTraffic },
    slowConsumers: account.slowConsumers,
    lookUp: account.sublist.stats(),
  };
}

function unusedAccount(name: string, broker: Broker): PlainAccountFacts {
  const facts = configured(name, broker);
  const subscriptions =
    facts.imports.filter(({ kind }) => kind === "service").length;
  return {
    ...facts,
    name,
    clients: 0,
    traffic: noTraffic(),
    routeTraffic: noTraffic(),
    slowConsumers: 0,
    // Its services will be heard as soon as it is used.
    lookUp: { ...UNUSED_LOOK_UP, subscriptions },
  };
}

function configured(
  name: string,
  { host: { accounts }, operator }: Broker,
): Pick<AccountFacts, "mappings" | "exports" | "imports" | "trusted"> {
  const options = accounts.optionsOf(name);
  const trusted = operator?.accounts.known(name);
  return {
    mappings: options?.mappings ?? [],
    exports: options?.exports ?? [],
    imports: accounts.importsOf(name),
    trusted: trusted &&
      { jwt: trusted.jwt, claims: trusted.claims, issues: [] },
  };
}

/** To look into the JWTs of all accounts would take long: it is done for the one that is `asked` for. */
function withIssues(
  facts: PlainAccountFacts,
  asked: string,
  { operator }: Broker,
): PlainAccountFacts {
  const { name, trusted } = facts;
  if (trusted === undefined || name !== asked) return facts;
  const issues = operator?.accounts.issuesOf(name) ?? [];
  return { ...facts, trusted: { ...trusted, issues } };
}

/** The first `count` of `items`: a list that grows while it is gone through still ends. */
function* firstOf<T>(items: Iterable<T>, count: number): Iterable<T> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}

function* copied<From, To>(
  items: Iterable<From>,
  count: number,
  copy: (from: From) => To,
  budget: SliceBudget,
): SlicedWork<To[]> {
  const copies: To[] = [];
  for (const item of firstOf(items, count)) {
    copies.push(copy(item));
    if (budget.spend()) yield;
  }
  return copies;
}

function sessionsOf({ clients }: Broker): Iterable<ClientSession> {
  const { sessions } = clients;
  return firstOf(sessions.values(), sessions.size);
}
