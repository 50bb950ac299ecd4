/**
 * `/accountz` and `/accstatz`: the accounts and what they carried. As long as
 * there is one account, its traffic is the server's.
 */
import type { Account } from "../accounts/account.ts";
import type { Broker } from "../broker/broker.ts";
import type { Traffic } from "../broker/connections/connection.ts";
import type {
  AccountInfo,
  AccountStat,
  AccountStatz,
  Accountz,
  MsgStats,
} from "./page_types.ts";
import { BadRequest, boolParam, textParam } from "./query.ts";
import { sublistFields } from "./subsz.ts";
import { timeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

export function accountz(
  { broker }: WatchedServer,
  query: URLSearchParams,
): Accountz {
  const name = textParam(query, "acc");
  const head = { server_id: broker.id, now: timeText(broker.clock.now()) };
  if (name === "") {
    return { ...head, accounts: broker.accounts.map(({ name }) => name) };
  }
  const account = broker.accountNamed(name);
  if (account === undefined) {
    throw new BadRequest(`Account ${name} does not exist`);
  }
  return { ...head, account_detail: accountDetail(broker, account) };
}

export function accstatz(
  { broker, cluster }: WatchedServer,
  query: URLSearchParams,
): AccountStatz {
  const withUnused = boolParam(query, "unused");
  const accounts = broker.accounts.filter((account) =>
    withUnused || clientsIn(broker, account) > 0
  );
  const routes = cluster?.traffic;
  return {
    server_id: broker.id,
    now: timeText(broker.clock.now()),
    account_statz: accounts.map((account) =>
      statistics(broker, account, routes)
    ),
  };
}

function accountDetail(broker: Broker, account: Account): AccountInfo {
  return {
    account_name: account.name,
    update_time: timeText(broker.startedAt),
    expired: false,
    complete: true,
    jetstream_enabled: false,
    leafnode_connections: 0,
    client_connections: clientsIn(broker, account),
    subscriptions: account.sublist.size,
    sublist_stats: sublistFields([account]),
  };
}

function statistics(
  broker: Broker,
  account: Account,
  routes: Traffic | undefined,
): AccountStat {
  const { traffic } = broker;
  const clients = clientsIn(broker, account);
  return {
    acc: account.name,
    name: account.name,
    conns: clients,
    leafnodes: 0,
    total_conns: clients,
    num_subscriptions: account.sublist.size,
    sent: {
      ...carried(traffic.outMsgs, traffic.outBytes),
      gateways: carried(0, 0),
      routes: carried(routes?.outMsgs ?? 0, routes?.outBytes ?? 0),
      leafs: carried(0, 0),
    },
    received: {
      ...carried(traffic.inMsgs, traffic.inBytes),
      gateways: carried(0, 0),
      routes: carried(routes?.inMsgs ?? 0, routes?.inBytes ?? 0),
      leafs: carried(0, 0),
    },
    slow_consumers: broker.slowConsumers,
  };
}

function carried(msgs: number, bytes: number): MsgStats {
  return { msgs, bytes };
}

function clientsIn(broker: Broker, account: Account): number {
  let count = 0;
  for (const session of broker.sessions.values()) {
    if (session.account === account) count++;
  }
  return count;
}
