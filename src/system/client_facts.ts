/** A client as events and answers tell of it. */
import type { ClientSession } from "../broker/clients/session.ts";
import { formatHost } from "../net/address.ts";
import { timeText, toNanoseconds } from "../monitor/text.ts";

/** NATS: `ClientInfo`, in its order; what is not known is left out. */
export interface ClientRecord {
  readonly start: string;
  readonly host: string;
  readonly id: number;
  readonly acc: string;
  readonly user?: string | undefined;
  readonly name?: string | undefined;
  readonly lang?: string | undefined;
  readonly ver?: string | undefined;
  /** Nanoseconds. */
  readonly rtt?: number | undefined;
  readonly stop?: string | undefined;
  readonly jwt?: string | undefined;
  readonly issuer_key?: string | undefined;
  readonly name_tag?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly kind: "Client";
  readonly client_type: "nats" | "websocket";
}

/**
 * The client behind `session`; `user` in place of who it proved to be. `shiftMs`
 * is what its times lack to those of the wall clock.
 */
export function clientRecord(
  session: ClientSession,
  shiftMs: number,
  { user, stop }: { readonly user?: string; readonly stop?: string } = {},
): ClientRecord {
  const { login, connection, id } = session;
  const { fields, principal, account } = login;
  const { rttMs } = connection.keepAlive;
  const claims = principal?.claims;
  return {
    start: timeText(connection.facts.startedAt + shiftMs),
    host: formatHost(connection.socket.remote),
    id,
    acc: account.name,
    user: orNone(user ?? principal?.user),
    name: orNone(fields.name),
    lang: orNone(fields.lang),
    ver: orNone(fields.version),
    // It has answered a PING only once it has said who it is.
    rtt: stop === undefined || rttMs === undefined
      ? undefined
      : toNanoseconds(rttMs) || undefined,
    stop,
    jwt: orNone(claims?.jwt),
    issuer_key: orNone(claims?.issuerKey),
    name_tag: orNone(claims?.accountName) ?? account.name,
    tags: claims !== undefined && claims.tags.length > 0
      ? claims.tags
      : undefined,
    kind: "Client",
    client_type: login.entrance.connectionType === "WEBSOCKET"
      ? "websocket"
      : "nats",
  };
}

function orNone(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
