/**
 * What JWTs of the NATS world claim, by their kinds. Times are seconds since the
 * Unix epoch, 0 for none; limits of -1 are none.
 */
import type { AccountStreamLimits } from "../../options/options.ts";

/** What all kinds have. */
export interface ClaimsHead {
  /** Whom it is about: a public key. */
  readonly subject: string;
  /** Who signed it: a public key. */
  readonly issuer: string;
  readonly name: string;
  readonly audience: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly notBefore: number;
  /** In lower case. */
  readonly tags: readonly string[];
  /** Of the format: 1 or 2. */
  readonly version: number;
}

export interface OperatorClaims extends ClaimsHead {
  readonly kind: "operator";
  readonly signingKeys: readonly string[];
  readonly systemAccount: string;
  readonly accountServerUrl: string;
  readonly assertServerVersion: string;
  readonly strictSigningKeyUsage: boolean;
}

export interface ClaimedRules {
  /** Undefined: there is no list; an empty one allows nothing beside a `deny`. */
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[] | undefined;
}

export interface ClaimedPermissions {
  readonly publish: ClaimedRules;
  readonly subscribe: ClaimedRules;
  readonly responses:
    | { readonly maxMessages: number; readonly expiresNs: number }
    | undefined;
}

/** When a user may be connected: `HH:MM:SS` both, over midnight where the end is the smaller. */
export interface ClaimedTimes {
  readonly start: string;
  readonly end: string;
}

/** What a user may do: its own, or those of the role of a signing key. */
export interface UserRights extends ClaimedPermissions {
  readonly maxSubscriptions: number;
  readonly maxPayloadBytes: number;
  /** Networks that it may come from; empty: all. */
  readonly sources: readonly string[];
  readonly times: readonly ClaimedTimes[];
  /** An IANA time zone; empty: the server's. */
  readonly timesLocation: string;
  readonly isBearer: boolean;
  readonly needsProxy: boolean;
  readonly connectionTypes: readonly string[];
}

export interface UserClaims extends ClaimsHead {
  readonly kind: "user";
  /** The account, where one of its signing keys signed. */
  readonly issuerAccount: string;
  readonly rights: UserRights;
  /** Its JWT says nothing of rights, as that of a user with a role has to. */
  readonly hasNoRights: boolean;
}

export interface ClaimedLatency {
  readonly sampling: number | "headers";
  readonly results: string;
}

/** A text and a link for people. */
interface ClaimedInfo {
  readonly description: string;
  readonly infoUrl: string;
}

export type ShareKind = "stream" | "service" | "unknown";

export interface ClaimedExport extends ClaimedInfo {
  readonly subject: string;
  readonly kind: ShareKind;
  readonly tokenRequired: boolean;
  readonly revocations: ReadonlyMap<string, number>;
  readonly responseType: string;
  readonly thresholdNs: number;
  readonly latency: ClaimedLatency | undefined;
  readonly accountTokenPosition: number;
  readonly allowTrace: boolean;
}

export interface ClaimedImport {
  readonly subject: string;
  readonly account: string;
  readonly token: string;
  /** Of former days; `localSubject` took its place. */
  readonly to: string;
  readonly localSubject: string;
  readonly kind: ShareKind;
  readonly share: boolean;
  readonly allowTrace: boolean;
}

export interface ClaimedDestination {
  readonly subject: string;
  /** 0: 100 percent. */
  readonly weight: number;
  readonly cluster: string;
}

export interface ClaimedAccountLimits {
  readonly maxSubscriptions: number;
  readonly maxPayloadBytes: number;
  readonly maxImports: number;
  readonly maxExports: number;
  readonly wildcardExports: boolean;
  readonly disallowBearer: boolean;
  readonly maxConnections: number;
  readonly maxLeafnodes: number;
  /** What its streams may be; undefined: it has none. */
  readonly streams: AccountStreamLimits | undefined;
  /** A tier of storage has no name. */
  readonly hasNamelessTier: boolean;
  /** Not one of them is set. */
  readonly isEmpty: boolean;
}

export interface AccountClaims extends ClaimsHead, ClaimedInfo {
  readonly kind: "account";
  readonly limits: ClaimedAccountLimits;
  /** By key: the rights of users that it signs; undefined: each has its own. */
  readonly signingKeys: ReadonlyMap<string, SigningRole | undefined>;
  /** Undefined: a `null` in the list. */
  readonly imports: readonly (ClaimedImport | undefined)[];
  readonly exports: readonly (ClaimedExport | undefined)[];
  /** By user, or `*`: JWTs issued up to that second are void. */
  readonly revocations: ReadonlyMap<string, number>;
  readonly defaultPermissions: ClaimedPermissions;
  readonly mappings: ReadonlyMap<string, readonly ClaimedDestination[]>;
  readonly authorization: {
    readonly authUsers: readonly string[];
    readonly allowedAccounts: readonly string[];
    readonly xkey: string;
  };
  readonly trace:
    | { readonly destination: string; readonly sampling: number }
    | undefined;
  readonly clusterTraffic: string;
}

/** A signing key with a role. */
export interface SigningRole {
  readonly key: string;
  readonly role: string;
  readonly template: UserRights;
}

export interface ActivationClaims extends ClaimsHead {
  readonly kind: "activation";
  readonly importSubject: string;
  readonly importKind: ShareKind;
  readonly issuerAccount: string;
}

/** What is asked of, and answered by, a service that decides about logins. */
export interface AuthorizationRequestClaims extends ClaimsHead {
  readonly kind: "authorization_request";
  readonly userKey: string;
}

export interface AuthorizationResponseClaims extends ClaimsHead {
  readonly kind: "authorization_response";
  readonly jwt: string;
  readonly error: string;
  readonly issuerAccount: string;
}

/** Any other kind. */
export interface GenericClaims extends ClaimsHead {
  readonly kind: "generic";
  readonly data: Readonly<Record<string, unknown>>;
}

export type Claims =
  | OperatorClaims
  | AccountClaims
  | UserClaims
  | ActivationClaims
  | AuthorizationRequestClaims
  | AuthorizationResponseClaims
  | GenericClaims;
