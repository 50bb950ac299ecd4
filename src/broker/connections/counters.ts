/**
 * What monitoring counts: of one connection, and of all connections of a
 * server together.
 */

/** Counters of messages and payload bytes; headers count as payload. */
export interface Traffic {
  inMsgs: number;
  inBytes: number;
  outMsgs: number;
  outBytes: number;
}

/** What all connections of a server have come to. */
export interface ServerCounters {
  readonly traffic: Traffic;
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
  readonly traffic: Traffic;
}

/** A message of `size` bytes came in. */
export function countIn(own: Traffic, total: Traffic, size: number): void {
  own.inMsgs++;
  own.inBytes += size;
  total.inMsgs++;
  total.inBytes += size;
}

/** A message of `size` bytes goes out. */
export function countOut(own: Traffic, total: Traffic, size: number): void {
  own.outMsgs++;
  own.outBytes += size;
  total.outMsgs++;
  total.outBytes += size;
}

export function noTraffic(): Traffic {
  return { inMsgs: 0, inBytes: 0, outMsgs: 0, outBytes: 0 };
}

export function noCounters(): ServerCounters {
  return {
    traffic: noTraffic(),
    connections: 0,
    slowConsumers: 0,
    stalledProducers: 0,
  };
}
