/**
 * What a service is asked about a login: a JWT that the server signs, sealed for
 * the service if it has a key for that.
 *
 * NATS auth callout: the request.
 */
import { base64 } from "../../core/base64.ts";
import { randomName } from "../../core/nuid.ts";
import { formatHost } from "../../net/address.ts";
import type { Random } from "../../platform/clock.ts";
import type { TlsState } from "../../platform/socket.ts";
import type { Credentials, LoginRequest } from "../door.ts";
import { signJwt } from "../jwt/sign.ts";
import type { KeyPair } from "../../core/nkeys.ts";
import type { ServerKeys } from "./server_keys.ts";

/** The server as the service sees it. */
export interface AskingServer {
  readonly keys: ServerKeys;
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly version: string;
  /** Empty without one. */
  readonly cluster: string;
  readonly tags: readonly string[];
}

/** One login, and what its question needs besides. */
export interface QuestionParts {
  readonly server: AskingServer;
  /** The account key that signs the answers. */
  readonly issuer: string;
  /** The key that the answer has to be about. */
  readonly userKey: string;
  /** What seals the question; undefined: it is not sealed. */
  readonly sealing: KeyPair | undefined;
  readonly xkey: string;
  readonly timeoutMs: number;
  /** The wall clock, in milliseconds. */
  readonly now: number;
  readonly random: Random;
}

export interface CalloutQuestion {
  readonly payload: Uint8Array;
  /** The whole block; undefined: none. */
  readonly headers: Uint8Array | undefined;
}

const AUDIENCE = "nats-authorization-request";
const ID_CHARS = 52;
const SEAL_NONCE_BYTES = 24;

export function questionAbout(
  request: LoginRequest,
  parts: QuestionParts,
): CalloutQuestion {
  const { server: { keys }, sealing, xkey, now, timeoutMs, random } = parts;
  const iat = Math.floor(now / 1000);
  const jwt = signJwt({
    aud: AUDIENCE,
    sub: parts.issuer,
    iat,
    exp: iat + Math.max(1, Math.ceil(timeoutMs / 1000)),
    jti: randomName(random, ID_CHARS),
    nats: claimsOf(request, parts),
  }, keys.signing);
  const bytes = new TextEncoder().encode(jwt);
  if (sealing === undefined) return { payload: bytes, headers: undefined };
  const nonce = new Uint8Array(SEAL_NONCE_BYTES);
  random.fill(nonce);
  const own = sealing.getPublicKey();
  return {
    payload: sealing.seal(bytes, xkey, nonce),
    headers: new TextEncoder().encode(
      `NATS/1.0\r\nNats-Server-Xkey: ${own}\r\n\r\n`,
    ),
  };
}

function claimsOf(
  request: LoginRequest,
  { server, userKey, sealing }: QuestionParts,
): Readonly<Record<string, unknown>> {
  const { credentials, nonce, tls, remote, client, user } = request;
  return {
    server_id: filled({
      name: server.name,
      host: server.host,
      id: server.id,
      version: server.version,
      cluster: server.cluster,
      tags: server.tags,
      xkey: sealing?.getPublicKey() ?? "",
    }),
    user_nkey: userKey,
    client_info: filled({
      host: formatHost(remote),
      id: client?.id ?? 0,
      user: credentials.nkey || credentials.user || (user?.subject ?? "") ||
        claimedUser(credentials),
      name: client?.name ?? "",
      tags: user?.tags ?? [],
      name_tag: user?.name ?? "",
      kind: "Client",
      type: "nats",
      nonce: credentials.sig === "" ? "" : nonce ?? "",
    }),
    connect_opts: {
      ...filled({
        jwt: credentials.jwt,
        nkey: credentials.nkey,
        sig: credentials.sig,
        auth_token: credentials.auth_token,
        user: credentials.user,
        pass: credentials.pass,
        name: client?.name ?? "",
        lang: client?.lang ?? "",
        version: client?.version ?? "",
      }),
      protocol: client?.protocol ?? 0,
    },
    ...(tls !== undefined && { client_tls: tlsClaims(tls) }),
    type: "authorization_request",
  };
}

/** Who the client says that it is. */
export function claimedUser(
  { nkey, user, jwt, auth_token }: Credentials,
): string {
  return nkey || user || jwt || auth_token;
}

function tlsClaims(
  { version, cipher, peerCertificates = [] }: TlsState,
): Readonly<Record<string, unknown>> {
  const certs = peerCertificates.map(({ der }) => pemOf(der));
  return filled({ version, cipher, certs });
}

const PEM_LINE = /.{1,64}/g;

function pemOf(der: Uint8Array): string {
  const lines = base64(der).match(PEM_LINE) ?? [];
  return [
    "-----BEGIN CERTIFICATE-----",
    ...lines,
    "-----END CERTIFICATE-----",
    "",
  ].join("\n");
}

/** Without what is empty. */
function filled(
  fields: Readonly<Record<string, string | number | readonly string[]>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) =>
      typeof value === "number" || value.length > 0
    ),
  );
}
