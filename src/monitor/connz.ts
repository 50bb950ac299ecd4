/**
 * `/connz`: the clients that are connected, those that are gone, or both.
 */
import {
  badParam,
  boolParam,
  textParam,
  uintParam,
} from "../http/go_params.ts";
import { Rows, type WithRows } from "../http/json_pieces.ts";
import { clientRow, type RowOptions } from "./connection_rows.ts";
import { checkSort } from "./connz_sort.ts";
import { pageHead } from "./fields.ts";
import type { Page } from "./page.ts";
import type { Connz } from "./page_types.ts";
import { subsParam, windowParams } from "./query.ts";
import type {
  ClientsRequest,
  ClientState,
  ServerSnapshot,
} from "./snapshot.ts";

type ConnzQuery = RowOptions & Omit<ClientsRequest, "subscriptions">;

export const connz: Page<ConnzQuery, "clients", WithRows<Connz>> = {
  read: readQuery,
  wants: ({ auth: _, subs, ...filters }) => ({
    clients: { ...filters, subscriptions: subs !== "none" },
  }),
  show: showClients,
};

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

function stateParam(query: URLSearchParams): ClientState {
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
  throw badParam("state", `Error decoding state for ${text}`);
}

function showClients(
  snapshot: ServerSnapshot<"clients">,
  query: ConnzQuery,
): WithRows<Connz> {
  const { clients: { total, rows, isOfNoAccount } } = snapshot;
  const isNothing = isOfNoAccount && total === 0;
  return {
    ...pageHead(snapshot),
    // NATS monitoring: of an account that is not there not even the server is told.
    ...(isNothing && { server_id: "" }),
    num_connections: rows.length,
    // NATS monitoring: all that were asked for, of which the window shows some.
    total,
    offset: query.offset,
    limit: query.limit,
    connections: isNothing
      ? Rows.none()
      : Rows.of(rows, (client) => clientRow(client, snapshot, query)),
  };
}
