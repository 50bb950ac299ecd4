/**
 * Where a server in operator mode finds its accounts, as its configuration says:
 * a folder, which it reads at the start, a URL, or the configuration alone.
 */
import { JwtStore, type StoreWorld } from "../auth/resolver/jwt_store.ts";
import { UrlAccounts } from "../auth/resolver/url_resolver.ts";
import type { Broker } from "../broker/broker.ts";
import type { OperatorMode } from "../broker/operator_mode.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import type { FolderResolver } from "../options/options.ts";
import { fetchTlsOf, fetchWithTls } from "../net/fetch_with_tls.ts";
import type { Fetch } from "../platform/fetch.ts";
import type { VerifySignature } from "../platform/signatures.ts";
import { AccountStore } from "./account_store.ts";
import { type ClaimsFolder, ClaimsRequests } from "./claims.ts";
import type { Inbox } from "./inbox.ts";
import type { Peers } from "./peers.ts";
import type { Voice } from "./voice.ts";

/** What resolvers stand on. */
export interface ResolvingPlatform extends Omit<StoreWorld, "log" | "now"> {
  readonly verifySignature: VerifySignature;
  readonly fetch: Fetch;
  /** Makes a folder, unless it is there. */
  readonly makeFolder: (path: string) => Promise<void>;
}

/** Before anybody logs in: reads the folder, or asks whether the URL answers. */
export async function openResolver(
  broker: Broker,
  platform: ResolvingPlatform,
): Promise<JwtStore | undefined> {
  const { operator, host, options } = broker;
  const resolver = options.trust?.resolver;
  if (operator === undefined || resolver === undefined) return undefined;
  if (resolver.kind === "memory") return undefined;
  if (resolver.kind === "url") {
    const accounts = new UrlAccounts(
      resolver.url,
      fetchWithTls(platform.fetch, () => {
        const { resolverTls } = broker.options;
        return resolverTls && fetchTlsOf(resolverTls);
      }),
      host.clock,
    );
    await accounts.check();
    operator.resolver = accounts;
    return undefined;
  }
  if (host.accounts.system === undefined) {
    throw new InvalidArgumentError(
      "using nats based account resolver - the system account needs to be specified in configuration or the operator jwt",
    );
  }
  const { folder, limit, kind, ttlMs } = resolver;
  await platform.makeFolder(folder);
  const now = (): number => host.clock.monotonic();
  const store = new JwtStore({ ...platform, log: host.log, now }, {
    folder,
    limit,
    dropsOldest: kind === "cache",
    ttlMs,
  });
  await store.open();
  const how = kind === "full" ? "all" : "some";
  host.log.notice(`Managing ${how} jwt in exclusive directory ${folder}`);
  await keepPreloaded(operator, store);
  operator.resolver = { lookup: (key) => store.get(key) };
  return store;
}

/** The services of the system account for a server in operator mode. */
export function claimsServices(
  parts: { voice: Voice; peers: Peers; inbox: Inbox },
  operator: OperatorMode,
  store: JwtStore | undefined,
  verifySignature: VerifySignature,
): { start(): void; stop?(): void }[] {
  const { voice } = parts;
  const resolver = voice.broker.options.trust?.resolver;
  const isFolder = store !== undefined && isFolderResolver(resolver);
  if (!isFolder) {
    return [new ClaimsRequests(voice, operator, verifySignature, undefined)];
  }
  const options = resolver;
  const accounts = new AccountStore({
    ...parts,
    operator,
    store,
    options,
    verifySignature,
  });
  operator.resolver = { lookup: (key) => accounts.lookup(key) };
  const folder: ClaimsFolder = { options, store, accounts };
  return [
    accounts,
    new ClaimsRequests(voice, operator, verifySignature, folder),
  ];
}

function isFolderResolver(
  resolver: { readonly kind: string } | undefined,
): resolver is FolderResolver {
  return resolver?.kind === "full" || resolver?.kind === "cache";
}

/** NATS: the accounts of the configuration are kept as well, unless the folder has newer ones. */
async function keepPreloaded(
  operator: OperatorMode,
  store: JwtStore,
): Promise<void> {
  for (const { name } of operator.accounts.options()) {
    const account = operator.accounts.known(name);
    if (account === undefined) continue;
    const stored = store.get(name);
    if (stored === undefined) await store.put(name, account.jwt);
    else operator.accounts.accept(name, stored);
  }
}
