/**
 * What the pages are made from: one plain value, without functions and
 * instances, that holds what a page asked for and could come from another
 * thread. A request names the parts that a page needs, each with its filters,
 * so that nobody copies a million subscriptions to tell how many there are.
 *
 * Parts are gathered one after the other, and long lists in slices: each row
 * is true for some moment between the request and its answer, and a row that
 * ends meanwhile may or may not be there. Times are wall-clock milliseconds;
 * subjects, queue groups and sids are byte strings.
 */
import type { ClosedReason } from "../core/closed.ts";
import type { NodeRecord } from "../discovery/node_record.ts";
import type {
  ConnectionType,
  ExportOptions,
  ImportOptions,
  MappingOptions,
} from "../options/options.ts";
import type {
  JetStreamFacts,
  JetStreamRequest,
  StreamFault,
  StreamHealthRequest,
} from "./stream_facts.ts";
import type { Address, TlsState } from "../platform/socket.ts";

/** The parts that there are, by name. */
export interface SnapshotParts {
  readonly settings: SettingsFacts;
  readonly load: LoadFacts;
  readonly counters: CounterFacts;
  readonly clients: ListFacts<ClientFacts> & {
    /** Those of an account were asked for that is not there. */
    readonly isOfNoAccount: boolean;
  };
  readonly subscriptions: ListFacts<OwnedSubscriptionFacts>;
  readonly routes: readonly RouteFacts[];
  readonly accounts: readonly AccountFacts[];
  readonly readiness: ReadinessFacts;
  readonly nodes: readonly NodeRecord[];
  /** Undefined, as the next: there is none. */
  readonly jetstream: JetStreamFacts | undefined;
  readonly streamHealth: readonly StreamFault[] | undefined;
}

/** What a page says about a part that it asks for. */
export interface PartRequests {
  readonly settings: true;
  readonly load: true;
  readonly counters: true;
  readonly clients: ClientsRequest;
  /** Undefined: none, and they are not counted either. */
  readonly subscriptions: SubscriptionsRequest | undefined;
  readonly routes: RoutesRequest;
  readonly accounts: AccountsRequest;
  readonly readiness: true;
  readonly nodes: true;
  readonly jetstream: JetStreamRequest;
  readonly streamHealth: StreamHealthRequest;
}

export type PartName = keyof SnapshotParts;
export type SnapshotRequest<Part extends PartName> = Pick<PartRequests, Part>;

/** Every snapshot says of which server it is. */
export type ServerSnapshot<Part extends PartName = never> =
  & SnapshotHead
  & Pick<SnapshotParts, Part>;

/** The moment of a snapshot. */
export type Moment = Pick<SnapshotHead, "now" | "shiftMs">;

export interface SnapshotHead {
  readonly serverId: string;
  readonly serverName: string;
  readonly startedAt: number;
  /** When the snapshot was taken. All moments are told by one clock, which nobody sets. */
  readonly now: number;
  /** What to add to a moment for that of the wall clock. */
  readonly shiftMs: number;
}

/** Which part of a list to tell. */
export interface Window {
  readonly offset: number;
  readonly limit: number;
}

export interface ListFacts<Row> {
  /** Rows there are, whatever the window shows. */
  readonly total: number;
  readonly rows: readonly Row[];
}

/** Which clients, in which order. Taking this part also asks those whose round trip is not known for it. */
export interface ClientsRequest extends Window {
  readonly state: ClientState;
  readonly sort: string;
  /** 0: every client. */
  readonly id: number;
  /** Empty, as are the next two: every client. */
  readonly user: string;
  readonly account: string;
  readonly mqttClient: string;
  /** Take the subscriptions of those that are listed as well. */
  readonly subscriptions: boolean;
}

export type ClientState = "open" | "closed" | "all";

export interface SubscriptionsRequest extends Window {
  /** Empty: every account. */
  readonly account: string;
  /** Only those that a message of this subject would reach; empty: every one. */
  readonly subject: string;
}

export interface RoutesRequest {
  /** Take the interest of the servers behind them as well. */
  readonly subscriptions: boolean;
}

export interface AccountsRequest {
  /** Empty: every account. */
  readonly name: string;
}

/** What the server was told, and where it can be reached. */
export interface SettingsFacts {
  readonly runtimeName: string;
  /** Where clients are told to connect. */
  readonly advertised: Address;
  readonly authRequired: boolean;
  readonly tls: TlsFacts;
  readonly connectUrls: readonly string[];
  /** Infinity, as in the next two: no limit. */
  readonly maxConnections: number;
  readonly maxPendingBytes: number;
  readonly maxSubscriptions: number;
  readonly maxPayloadBytes: number;
  readonly maxControlLineBytes: number;
  readonly pingIntervalMs: number;
  readonly pingMax: number;
  readonly writeDeadlineMs: number;
  readonly authTimeoutMs: number;
  readonly http: Address;
  /** Undefined: monitoring is not served over TLS. */
  readonly https: Address | undefined;
  readonly httpBasePath: string;
  /** Since when the options hold, in wall-clock milliseconds. */
  readonly configuredAt: number;
  /** Empty without a file. */
  readonly configDigest: string;
  readonly tags: readonly string[];
  /** The keys of trusted proxies; undefined: nothing was said of any. */
  readonly proxies: readonly string[] | undefined;
  /** Empty: there is none. */
  readonly systemAccount: string;
  readonly cluster: ClusterSettingsFacts | undefined;
  readonly websocket: WebSocketSettingsFacts | undefined;
}

/** What the port for WebSockets was told. */
export interface WebSocketSettingsFacts extends Address {
  readonly advertise: string;
  readonly noAuthUser: string;
  readonly jwtCookie: string;
  readonly handshakeTimeoutMs: number | undefined;
  readonly authTimeoutMs: number | undefined;
  readonly noTls: boolean;
  readonly tls: TlsFacts;
  readonly mapsCertificates: boolean;
  readonly pinnedCerts: readonly string[];
  readonly sameOrigin: boolean;
  readonly allowedOrigins: readonly string[];
  readonly compression: boolean;
}

/** What a listener was told of TLS. */
export interface TlsFacts {
  /** For a handshake, or what it would be. */
  readonly timeoutMs: number;
  /** Nobody comes in without. */
  readonly isRequired: boolean;
  /** The other end has to show a certificate. */
  readonly verifies: boolean;
  /** When the first certificate expires, in wall-clock milliseconds; undefined: there is none. */
  readonly notAfter: number | undefined;
}

export interface ClusterSettingsFacts {
  readonly tls: TlsFacts;
  readonly name: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly authTimeoutMs: number;
  /** The configured routes, without credentials. */
  readonly configured: readonly Address[];
}

/** What the process uses. */
export interface LoadFacts {
  readonly memoryBytes: number;
  readonly cores: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

export interface CounterFacts {
  /** Of clients and routes together. */
  readonly traffic: TrafficFacts;
  /** The part of `traffic` that went over routes. */
  readonly routeTraffic: TrafficFacts;
  readonly clients: number;
  readonly totalClients: number;
  readonly routes: number;
  readonly subscriptions: number;
  readonly slowConsumers: number;
  readonly stalledClients: number;
  /** Connections that ended because they read too slowly. */
  readonly slowEndings: EndingFacts;
  /** Connections that ended because they did not answer. */
  readonly staleEndings: EndingFacts;
  /** Requests for each page over HTTP. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface EndingFacts {
  readonly clients: number;
  readonly routes: number;
}

export interface TrafficFacts {
  readonly inMsgs: number;
  readonly inBytes: number;
  readonly outMsgs: number;
  readonly outBytes: number;
}

export interface ClientFacts {
  readonly id: number;
  readonly connectionType: ConnectionType;
  readonly remote: Address;
  readonly startedAt: number;
  readonly lastActivityAt: number;
  /** Undefined, like `reason`, while the client is connected. */
  readonly stoppedAt: number | undefined;
  readonly reason: ClosedReason | undefined;
  readonly rttMs: number | undefined;
  readonly pendingBytes: number;
  readonly traffic: TrafficFacts;
  readonly stalls: number;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly tls: TlsState | undefined;
  readonly isTlsFirst: boolean;
  readonly user: string;
  readonly account: string;
  readonly inGlobalAccount: boolean;
  /** Who vouches for it; undefined unless it logged in by key. */
  readonly claims: ClaimsFacts | undefined;
  /** The trusted proxy that it came through. */
  readonly proxyKey: string | undefined;
  readonly subscriptionCount: number;
  /** Empty unless they were asked for. */
  readonly subscriptions: readonly SubscriptionRowFacts[];
}

/** What a client proved with its key; texts are empty where there was no JWT. */
export interface ClaimsFacts {
  readonly jwt: string;
  readonly issuerKey: string;
  readonly accountName: string;
  readonly tags: readonly string[];
}

export interface SubscriptionRowFacts {
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  readonly delivered: number;
  readonly max: number;
}

export interface OwnedSubscriptionFacts extends SubscriptionRowFacts {
  readonly clientId: number;
  readonly account: string;
}

export interface RouteFacts {
  readonly id: number;
  readonly remoteId: string;
  readonly remoteName: string;
  /** This server dialled. */
  readonly isSolicited: boolean;
  readonly isConfigured: boolean;
  readonly remote: Address;
  readonly startedAt: number;
  readonly lastActivityAt: number;
  readonly rttMs: number | undefined;
  readonly pendingBytes: number;
  readonly traffic: TrafficFacts;
  readonly subscriptionCount: number;
  /** Empty unless they were asked for. */
  readonly subscriptions: readonly SubscriptionRowFacts[];
}

/** What an account's JWT says of it. Moments are seconds. */
export interface TrustedFacts {
  readonly jwt: string;
  readonly claims: {
    readonly name: string;
    readonly issuer: string;
    readonly tags: readonly string[];
    readonly expiresAt: number;
    /** By user, or `*`. */
    readonly revocations: ReadonlyMap<string, number>;
  };
  /** What is odd about it now. */
  readonly issues: readonly JwtIssue[];
}

export interface JwtIssue {
  readonly text: string;
  readonly weight: "error" | "time" | "warning";
}

export interface AccountFacts {
  readonly name: string;
  readonly hasStreams: boolean;
  readonly clients: number;
  /** Of clients, and of routes. */
  readonly traffic: TrafficFacts;
  readonly routeTraffic: TrafficFacts;
  readonly slowConsumers: number;
  readonly mappings: readonly MappingOptions[];
  readonly exports: readonly ExportOptions[];
  readonly imports: readonly ImportOptions[];
  readonly lookUp: LookUpFacts;
  /** Of an account that a JWT tells of. */
  readonly trusted: TrustedFacts | undefined;
}

/** Counters of the look-up of subjects. */
export interface LookUpFacts {
  readonly subscriptions: number;
  readonly cacheSize: number;
  readonly inserts: number;
  readonly removes: number;
  readonly matches: number;
  readonly cacheHits: number;
  readonly maxFanout: number;
  readonly avgFanout: number;
}

export interface ReadinessFacts {
  /** Nothing but a registry runs here. */
  readonly isRegistryOnly: boolean;
  readonly acceptsClients: boolean;
  /** There is no route port, or it is open. */
  readonly acceptsRoutes: boolean;
}
