/**
 * A service at Consul: where its agent is, how it is named in the log, and what
 * every request to it needs.
 */
import { formatAddress } from "../../net/address.ts";

export interface ConsulOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty for none. */
  readonly token: string;
  /** Slashes around it make no difference. */
  readonly service: string;
  /** A data centre; empty for the agent's own. */
  readonly dc: string;
  /** Only instances with this tag; announced nodes carry it. Empty for none. */
  readonly tag: string;
}

/** `consul://host:port/service`, without the token. */
export function consulName(options: ConsulOptions): string {
  const { dc, tag } = options;
  const query = queryOf({ dc, tag });
  const service = consulService(options);
  return `consul://${formatAddress(options)}/${service}${query && `?${query}`}`;
}

/** The start of each of the agent's URLs. */
export function consulUrl(options: ConsulOptions): string {
  return `${options.tls ? "https" : "http"}://${formatAddress(options)}`;
}

/** The name of the service alone. */
export function consulService({ service }: ConsulOptions): string {
  return service.replace(/^\/+|\/+$/g, "");
}

/** Consul's token, where it looks for it. */
export function tokenHeader(token: string): Record<string, string> {
  return token === "" ? {} : { "X-Consul-Token": token };
}

/** What is given of `params`, as the query of a URL. */
export function queryOf(params: Readonly<Record<string, string>>): string {
  const given = Object.entries(params).filter(([, value]) => value !== "");
  return new URLSearchParams(given).toString();
}
