/**
 * What monitoring counts: of one connection, and of all connections of a
 * server together.
 */
import { addTraffic, noTraffic, type Traffic } from "../../core/traffic.ts";

/** What all connections of a server have come to. */
export interface ServerCounters {
  /** The sum over all accounts, made at each call. */
  readonly traffic: Traffic;
  /** Messages for accounts that the server does not have. */
  readonly strays: Traffic;
  /** Clients that were ever let in, or turned away because the server was full. */
  connections: number;
  /** Connections that were closed because they did not read. */
  slowConsumers: number;
  /** Times that a connection was kept from reading for a slow consumer's sake. */
  stalledProducers: number;
}

/** What is counted of one connection. Times are milliseconds of the broker's clock. */
export interface ConnectionFacts {
  /** Unique among all connections of the server, growing. */
  readonly id: number;
  readonly startedAt: number;
  /** When it last sent or got a message, or changed its interest. */
  lastActivityAt: number;
  /** Times that a slow consumer kept it from reading. */
  stalls: number;
  /** It began a TLS handshake before anything was said. */
  isTlsFirst: boolean;
  readonly traffic: Traffic;
}

/** Counters from nothing; each account counts its own traffic, and `inAccounts` gives the sum. */
export function noCounters(inAccounts: () => Traffic): ServerCounters {
  const strays = noTraffic();
  return {
    get traffic() {
      const total = inAccounts();
      addTraffic(total, strays);
      return total;
    },
    strays,
    connections: 0,
    slowConsumers: 0,
    stalledProducers: 0,
  };
}
