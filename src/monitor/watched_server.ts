/**
 * What the pages are made from: one server, and what monitoring itself keeps
 * about it.
 */
import type { Broker } from "../broker/broker.ts";
import type { Clock } from "../platform/clock.ts";
import type { Address } from "../platform/socket.ts";
import type { Cluster } from "../routes/cluster.ts";
import type { MonitorPlatform } from "./platform.ts";

export class WatchedServer {
  readonly broker: Broker;
  readonly cluster: Cluster | undefined;
  readonly platform: MonitorPlatform;
  readonly cpu: CpuMeter;
  readonly requests: RequestCounts = new RequestCounts();
  /** Where monitoring is served; undefined: nowhere. */
  httpAddress: Address | undefined;

  constructor(
    broker: Broker,
    cluster: Cluster | undefined,
    platform: MonitorPlatform,
    httpAddress?: Address,
  ) {
    this.broker = broker;
    this.cluster = cluster;
    this.platform = platform;
    this.cpu = new CpuMeter(broker.clock, platform);
    this.httpAddress = httpAddress;
  }
}

/** How often each page was asked for. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(path: string): void {
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
  }

  /** Takes back one `add`. */
  forget(path: string): void {
    const count = (this.#counts.get(path) ?? 0) - 1;
    if (count > 0) this.#counts.set(path, count);
    else this.#counts.delete(path);
  }

  /** By path, in the order of the paths. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }
}

/** Shorter spans give a figure that says little. */
const CPU_SPAN_MIN_MS = 1000;

/** The processor time of the last second or more, in percent of one core. */
export class CpuMeter {
  readonly #clock: Clock;
  readonly #platform: MonitorPlatform;
  #since: number;
  #secondsThen: number;
  #percent = 0;

  constructor(clock: Clock, platform: MonitorPlatform) {
    this.#clock = clock;
    this.#platform = platform;
    this.#since = clock.monotonic();
    this.#secondsThen = platform.cpuSeconds();
  }

  /** Since the last time that it was asked, or that figure once more when it was just now. */
  percent(): number {
    const now = this.#clock.monotonic();
    const span = now - this.#since;
    if (span < CPU_SPAN_MIN_MS) return this.#percent;
    const seconds = this.#platform.cpuSeconds();
    const share = (seconds - this.#secondsThen) * 1000 / span;
    this.#percent = Math.round(share * 1000) / 10;
    this.#since = now;
    this.#secondsThen = seconds;
    return this.#percent;
  }
}
