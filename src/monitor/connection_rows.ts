/**
 * One client as a row of `/connz`, whether it is connected or gone.
 */
import { readCertificate } from "../core/certificate.ts";
import { fullSubjectText } from "../core/distinguished_name.ts";
import type { WithRows } from "../http/json_pieces.ts";
import { formatHost } from "../net/address.ts";
import { unlessEmpty } from "./fields.ts";
import type { ConnInfo, TlsPeerCert } from "./page_types.ts";
import type { SubscriptionLevel } from "./query.ts";
import type { ClientFacts, Moment } from "./snapshot.ts";
import { subscriptionFields } from "./subscription_rows.ts";
import { rttText, timeText, uptimeText } from "./text.ts";

export interface RowOptions {
  /** Tell who the client is. */
  readonly auth: boolean;
  readonly subs: SubscriptionLevel;
}

export function clientRow(
  client: ClientFacts,
  { now, shiftMs }: Moment,
  options: RowOptions,
): WithRows<ConnInfo> {
  const { remote, traffic, stoppedAt } = client;
  const end = stoppedAt ?? now;
  return {
    cid: client.id,
    kind: "Client",
    type: client.connectionType === "WEBSOCKET" ? "websocket" : "nats",
    ip: formatHost(remote),
    port: remote.port,
    start: timeText(client.startedAt + shiftMs),
    last_activity: timeText(client.lastActivityAt + shiftMs),
    stop: stoppedAt === undefined ? undefined : timeText(stoppedAt + shiftMs),
    reason: client.reason,
    rtt: rttText(client.rttMs ?? 0),
    uptime: uptimeText(end - client.startedAt),
    idle: uptimeText(end - client.lastActivityAt),
    pending_bytes: client.pendingBytes,
    in_msgs: traffic.inMsgs,
    out_msgs: traffic.outMsgs,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    stalls: unlessEmpty(client.stalls),
    subscriptions: client.subscriptionCount,
    name: unlessEmpty(client.name),
    lang: unlessEmpty(client.lang),
    version: unlessEmpty(client.version),
    tls_version: client.tls?.version,
    tls_cipher_suite: client.tls?.cipher,
    tls_peer_certs: options.auth ? peerCerts(client) : undefined,
    tls_first: client.isTlsFirst || undefined,
    authorized_user: options.auth ? unlessEmpty(client.user) : undefined,
    account: options.auth && !client.inGlobalAccount
      ? client.account
      : undefined,
    ...subscriptionFields(
      options.subs,
      client.subscriptions,
      client.id,
      // NATS monitoring: of a client that is gone, each one has its account.
      stoppedAt === undefined ? undefined : client.account,
    ),
    ...(options.auth && claimsFields(client)),
    proxy: client.proxyKey === undefined ? undefined : { key: client.proxyKey },
  };
}

function peerCerts({ tls }: ClientFacts): TlsPeerCert[] | undefined {
  const shown = tls?.peerCertificates ?? [];
  if (shown.length === 0) return undefined;
  return shown.map(({ der, sha256, keySha256 }) => ({
    subject: unlessEmpty(
      fullSubjectText(readCertificate(der)?.subject ?? []),
    ),
    spki_sha256: unlessEmpty(keySha256),
    cert_sha256: sha256,
  }));
}

function claimsFields(
  client: ClientFacts,
): Pick<ConnInfo, "jwt" | "issuer_key" | "name_tag" | "tags"> {
  const { jwt = "", issuerKey = "", tags = [] } = client.claims ?? {};
  return {
    jwt: unlessEmpty(jwt),
    issuer_key: unlessEmpty(issuerKey),
    name_tag: accountTag(client),
    tags: tags.length === 0 ? undefined : tags,
  };
}

/** NATS monitoring: clients that are gone keep the account's tag only outside of the global one. */
function accountTag(
  { account, claims, inGlobalAccount, stoppedAt }: ClientFacts,
): string | undefined {
  if (stoppedAt !== undefined && inGlobalAccount) return undefined;
  return claims?.accountName || account;
}
