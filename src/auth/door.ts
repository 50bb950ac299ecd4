/**
 * The door: who may come in, and as whom. One stands before the clients of a
 * server, another before the routes of its cluster, and every way into the
 * server goes through one. What a peer proves, a password, a key or a
 * certificate, is the door's matter; the server only learns who came in.
 */
import type { Address, TlsState } from "../platform/socket.ts";
import type { ClosedReason } from "../core/closed.ts";
import type { ConnectionType, PermissionsOptions } from "../options/options.ts";
import type { UserClaims } from "./jwt/claims.ts";

/** Who a peer turned out to be, and what follows from that. */
export interface Principal {
  /** The name of the account that it belongs to. */
  readonly account: string;
  /** Empty for a token, or where nobody needs to log in. A public key for those who log in by one. */
  readonly user: string;
  /**
   * What it may do; undefined: everything. The same object for all peers that
   * have the same, as long as nothing changes.
   */
  readonly permissions?: PermissionsOptions;
  /** Limits of its own, besides those of server and account. */
  readonly limits?: PrincipalLimits;
  /** When its connection ends, in wall-clock milliseconds; undefined: never. */
  readonly expiresAt?: number;
  /**
   * What it has proved, which takes time: the bcrypt hash that its secret fits, or
   * the public key that it signed with. Never told to anybody.
   */
  readonly proof?: string;
  /** What monitoring and events tell of a peer that came with a JWT. */
  readonly claims?: PrincipalClaims;
  /** The public key of the trusted proxy that it came through; undefined: it came by none. */
  readonly proxyKey?: string;
}

/** Limits of one peer; -1: none. */
export interface PrincipalLimits {
  readonly maxSubscriptions: number;
  readonly maxPayloadBytes: number;
}

/** Who vouches for a peer that logged in by key. */
export interface PrincipalClaims {
  /** Empty without one, and for a bearer, whose JWT is all that it takes to log in. */
  readonly jwt: string;
  /** The public key that the JWT is signed with; without one, the account. */
  readonly issuerKey: string;
  /** The name in the JWT. */
  readonly name: string;
  readonly tags: readonly string[];
  /** The name in the JWT of the account; empty without one. */
  readonly accountName: string;
}

/** A peer that is not let in. */
export interface LoginRefusal {
  /** Why, as monitoring tells it. */
  readonly refused: ClosedReason;
  /** What the peer is told as `-ERR '...'`. */
  readonly wire: string;
  /** It names a user, and there is none of that name. */
  readonly isUnknown?: boolean;
  /** Who it proved to be, for the log, where that is more than what it says of itself. */
  readonly who?: string;
}

export type Verdict = Principal | LoginRefusal;

/** What a stranger is told, and may be without a login. */
export interface Greeting {
  /** Whether everybody comes in, whatever they bring. */
  readonly isOpen: boolean;
  /** Whether strangers are told that they have to log in. */
  readonly asksLogin: boolean;
  /** Whose operations before CONNECT are; undefined: CONNECT comes first. */
  readonly anonymous: Principal | undefined;
}

/** What a peer brings: the fields of its CONNECT, and what its connection shows. */
export interface LoginRequest {
  readonly credentials: Credentials;
  /** The nonce that it was greeted with. */
  readonly nonce: string | undefined;
  readonly tls: TlsState | undefined;
  /** It is who its certificate says, whatever it says of itself. */
  readonly mapsCertificate?: boolean | undefined;
  readonly remote: Address;
  readonly connectionType: ConnectionType;
  /** The public key of the trusted proxy that it comes through; undefined: there is none. */
  readonly proxyKey?: string;
  readonly waiting: Waiting;
  /** What a client says of itself besides. */
  readonly client?: SelfDescription;
  /** The user whose JWT it has shown, when a service is asked about it. */
  readonly user?: Pick<UserClaims, "subject" | "name" | "tags">;
  /** Of a peer that is in, and looked at again: what it proved then. */
  readonly proof?: string | undefined;
  /** Of such a peer: who it is now. */
  readonly current?: Principal | undefined;
  /** Told what exactly is wrong with a login; never a secret. */
  readonly log: LoginLog;
}

/** What decides nothing, and is told a service that decides. */
export interface SelfDescription {
  /** The number of its connection. */
  readonly id: number;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly protocol: number;
}

/** The log of one connection. */
export interface LoginLog {
  debug(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** The peer, while its verdict takes time. */
export interface Waiting {
  /** Nobody waits for the verdict any more. */
  readonly isOver: boolean;
  /** The peer has gone, and left behind what is to be done if it may come in. */
  readonly hasLeft: boolean;
  /** What takes time begins: from now on only the door is waited for. */
  begins(): void;
}

/** What a peer may bring in CONNECT. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
  readonly auth_token: string;
  /** A public key. */
  readonly nkey: string;
  /** The signature of the nonce. */
  readonly sig: string;
  readonly jwt: string;
  /** The nonce, signed by the proxy that the peer came through. */
  readonly proxy_sig?: string;
}

/** A port that strangers come by. */
export interface PortFacts {
  /** They are who their certificates say. */
  readonly mapsCertificate?: boolean;
  /** Default: `STANDARD`. */
  readonly connectionType?: ConnectionType;
}

export interface Door {
  /** What strangers are told, which is the same for all that come by the same port. */
  greet(port?: PortFacts): Greeting;
  /** To be signed by a peer that logs in by key, another one for each; undefined where nobody does. */
  makeNonce(): string | undefined;
  /** Whether a peer comes in, now or later. A promise that rejects is a refusal. */
  admit(admission: LoginRequest): Verdict | Promise<Verdict>;
  /** Whether who claims to be this peer has to come through a proxy. */
  needsProxy?(credentials: Credentials): boolean;
}

export function isRefused(verdict: Verdict): verdict is LoginRefusal {
  return "refused" in verdict;
}
