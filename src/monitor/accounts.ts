/**
 * `/accountz` and `/accstatz`: the accounts and what they carried.
 */
import { badParam, boolParam, textParam } from "../http/go_params.ts";
import { pageHead } from "./fields.ts";
import type { Page } from "./page.ts";
import type {
  AccountInfo,
  AccountStat,
  AccountStatz,
  Accountz,
  MsgStats,
} from "./page_types.ts";
import type { AccountFacts, ServerSnapshot } from "./snapshot.ts";
import { sublistFields } from "./subsz.ts";
import { timeText } from "./text.ts";

/** Its query is the name of an account; empty: the names of all are told. */
export const accountz: Page<string, "accounts", Accountz> = {
  read: (params) => textParam(params, "acc"),
  wants: (name) => ({ accounts: { name } }),
  show(snapshot, name) {
    const { accounts } = snapshot;
    const head = pageHead(snapshot);
    if (name === "") {
      return { ...head, accounts: accounts.map(({ name }) => name) };
    }
    const [account] = accounts;
    if (account === undefined) {
      throw badParam("acc", `Account ${name} does not exist`);
    }
    return { ...head, account_detail: accountDetail(snapshot, account) };
  },
};

/** Its query: whether accounts without clients are told as well. */
export const accstatz: Page<boolean, "accounts", AccountStatz> = {
  read: (params) => boolParam(params, "unused"),
  wants: () => ({ accounts: { name: "" } }),
  show: (snapshot, withUnused) => ({
    ...pageHead(snapshot),
    account_statz: snapshot.accounts
      .filter(({ clients }) => withUnused || clients > 0)
      .map(statistics),
  }),
};

function accountDetail(
  { startedAt }: ServerSnapshot,
  { name, clients, lookUp }: AccountFacts,
): AccountInfo {
  return {
    account_name: name,
    update_time: timeText(startedAt),
    expired: false,
    complete: true,
    jetstream_enabled: false,
    leafnode_connections: 0,
    client_connections: clients,
    subscriptions: lookUp.subscriptions,
    name_tag: name,
    sublist_stats: sublistFields([lookUp]),
  };
}

function statistics(
  { name, clients, traffic, routeTraffic, slowConsumers, lookUp }: AccountFacts,
): AccountStat {
  const { outMsgs, outBytes, inMsgs, inBytes } = traffic;
  return {
    acc: name,
    name,
    conns: clients,
    leafnodes: 0,
    total_conns: clients,
    num_subscriptions: lookUp.subscriptions,
    sent: {
      ...carried(
        outMsgs + routeTraffic.outMsgs,
        outBytes + routeTraffic.outBytes,
      ),
      gateways: carried(0, 0),
      routes: carried(routeTraffic.outMsgs, routeTraffic.outBytes),
      leafs: carried(0, 0),
    },
    received: {
      ...carried(
        inMsgs + routeTraffic.inMsgs,
        inBytes + routeTraffic.inBytes,
      ),
      gateways: carried(0, 0),
      routes: carried(routeTraffic.inMsgs, routeTraffic.inBytes),
      leafs: carried(0, 0),
    },
    slow_consumers: slowConsumers,
  };
}

function carried(msgs: number, bytes: number): MsgStats {
  return { msgs, bytes };
}
