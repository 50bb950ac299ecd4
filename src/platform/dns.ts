/**
 * The seam for questions to DNS. `runtime/net/dns.ts` implements it.
 */

/** Names and what they stand for. Every call rejects when the name does not exist. */
export interface Dns {
  /** IPv4 and IPv6 addresses. */
  addresses(name: string, options: DnsOptions): Promise<AddressRecord[]>;
  services(name: string, options: DnsOptions): Promise<ServiceRecord[]>;
}

export interface DnsOptions {
  /** `host:port` of the server to ask; undefined: the system's. */
  readonly resolver: string | undefined;
  readonly signal: AbortSignal;
}

export interface AddressRecord {
  readonly address: string;
  /** Undefined where the platform does not tell. */
  readonly ttlMs: number | undefined;
}

/** An SRV record (RFC 2782). */
export interface ServiceRecord {
  /** `.` means that there is no such service. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}
