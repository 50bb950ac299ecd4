/**
 * `/connz`: the clients that are connected, those that are gone, or both.
 */
import type { Broker } from "../broker/broker.ts";
import {
  type ClientFacts,
  clientRow,
  closedClient,
  openClient,
  type RowOptions,
} from "./connection_rows.ts";
import { checkSort, sortClients } from "./connz_sort.ts";
import type { Connz } from "./page_types.ts";
import {
  BadRequest,
  boolParam,
  rowsIn,
  subsParam,
  textParam,
  uintParam,
  type Window,
  windowParams,
} from "./query.ts";
import { timeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

type State = "open" | "closed" | "all";

interface ConnzQuery extends RowOptions, Window {
  readonly state: State;
  readonly sort: string;
  /** 0: every client. */
  readonly id: number;
  /** Empty, as are the next two: every client. */
  readonly user: string;
  readonly account: string;
  readonly mqttClient: string;
}

export function connz(
  { broker }: WatchedServer,
  query: URLSearchParams,
): Connz {
  const wanted = readQuery(query);
  const now = broker.clock.now();
  const candidates = clientsOf(broker, wanted);
  const matching = candidates.filter((client) => matches(client, wanted));
  const listed = rowsIn(sortClients(matching, wanted.sort, now), wanted);
  for (const client of listed) client.measureRtt();
  return {
    server_id: broker.id,
    now: timeText(now),
    num_connections: listed.length,
    // NATS monitoring: of the state and the account, whatever else was asked for.
    total: candidates.length,
    offset: wanted.offset,
    limit: wanted.limit,
    connections: listed.map((client) => clientRow(client, now, wanted)),
  };
}

/** Reads the parameters in nats-server's order, which decides what it complains of first. */
function readQuery(query: URLSearchParams): ConnzQuery {
  const auth = boolParam(query, "auth");
  const subs = subsParam(query);
  const { offset, limit } = windowParams(query);
  const id = uintParam(query, "cid");
  const state = stateParam(query);
  const sort = textParam(query, "sort");
  checkSort(sort, state === "closed");
  return {
    auth,
    subs,
    offset,
    limit: id > 0 ? 1 : limit,
    id,
    state,
    sort,
    user: textParam(query, "user"),
    account: textParam(query, "acc"),
    mqttClient: textParam(query, "mqtt_client"),
  };
}

function stateParam(query: URLSearchParams): State {
  const text = textParam(query, "state");
  switch (text.toLowerCase()) {
    case "":
    case "open":
      return "open";
    case "closed":
      return "closed";
    case "any":
    case "all":
      return "all";
  }
  throw new BadRequest(`Error decoding state for ${text}`);
}

function clientsOf(
  broker: Broker,
  { state, account }: ConnzQuery,
): ClientFacts[] {
  const open = state === "closed" ? [] : [...broker.sessions.values()];
  const closed = state === "open" ? [] : broker.closedConnections.list();
  const clients = [...open.map(openClient), ...closed.map(closedClient)];
  return account === ""
    ? clients
    : clients.filter((client) => client.account === account);
}

function matches(
  client: ClientFacts,
  { id, user, mqttClient }: ConnzQuery,
): boolean {
  return (id === 0 || client.id === id) &&
    (user === "" || client.user === user) &&
    mqttClient === "";
}
