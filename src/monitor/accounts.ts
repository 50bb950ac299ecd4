/**
 * `/accountz` and `/accstatz`: the accounts and what they carried.
 */
import { accountDetail } from "./account_detail.ts";
import { badParam, boolParam, textParam } from "../http/go_params.ts";
import { pageHead, unlessEmpty } from "./fields.ts";
import type { Page } from "./page.ts";
import type {
  AccountStat,
  AccountStatz,
  Accountz,
  MsgStats,
} from "./page_types.ts";
import type { AccountFacts } from "./snapshot.ts";

type AccountzParts = "accounts" | "settings";

/** Its query is the name of an account; empty: the names of all are told. */
export const accountz: Page<string, AccountzParts, Accountz> = {
  read: (params) => textParam(params, "acc"),
  wants: (name) => ({ accounts: { name }, settings: true }),
  show(snapshot, name) {
    const { accounts, settings } = snapshot;
    const system_account = unlessEmpty(settings.systemAccount);
    const head = { ...pageHead(snapshot), system_account };
    if (name === "") {
      return { ...head, accounts: accounts.map(({ name }) => name) };
    }
    const [account] = accounts;
    if (account === undefined) {
      throw badParam("acc", `Account ${name} does not exist`);
    }
    return {
      ...head,
      account_detail: accountDetail(
        account,
        snapshot,
        settings.systemAccount,
      ),
    };
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
      .map((facts) => accountStat(facts, facts.lookUp.subscriptions)),
  }),
};

/** What an account has carried, as statistics tell it; `subscriptions` are its. */
export function accountStat(
  { name, clients, traffic, routeTraffic, slowConsumers }: Pick<
    AccountFacts,
    "name" | "clients" | "traffic" | "routeTraffic" | "slowConsumers"
  >,
  subscriptions: number,
): AccountStat {
  const { outMsgs, outBytes, inMsgs, inBytes } = traffic;
  return {
    acc: name,
    name,
    conns: clients,
    leafnodes: 0,
    total_conns: clients,
    num_subscriptions: subscriptions,
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
