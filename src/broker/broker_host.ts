/**
 * What all clients and routes of a broker share: its accounts, what it says of
 * itself, the turns of the event loop, memory, counters and the log. A `Broker`
 * makes one at its start.
 */
import { Delivery } from "../accounts/delivery.ts";
import type { MappingChance } from "../accounts/mappings.ts";
import type { Logger } from "../core/log.ts";
import { SlabPool } from "../core/slab_pool.ts";
import { UnfailingLog } from "../core/unfailing_log.ts";
import type { ServerOptions } from "../options/options.ts";
import type { Random } from "../platform/clock.ts";
import { type RunSoon, runSoonOn } from "../platform/turns.ts";
import type { ClientHost } from "./clients/client_host.ts";
import { accountsOf } from "./configured_accounts.ts";
import { Alarms } from "./connections/alarms.ts";
import { noCounters } from "./connections/counters.ts";
import type { Feeding } from "./connections/feeder.ts";
import { PendingTotal } from "./connections/pending_total.ts";
import { Turn } from "./connections/turn.ts";
import type { OperatorMode } from "./operator_mode.ts";
import { type InfoParts, OwnInfo, type ServerIdentity } from "./own_info.ts";
import type { SteadyClock } from "./steady_clock.ts";

/** What a host stands on, besides a clock. */
export interface HostPlatform {
  readonly random: Random;
  readonly log: Logger;
  /** Turns of the event loop; without it, the clock makes them. */
  readonly runSoon?: RunSoon;
  /** Addresses of this machine, for a server that listens on all of them. */
  readonly interfaceAddresses: () => string[];
  /** Shown as INFO's `go`: what runs the server. */
  readonly runtimeName: string;
}

/** What clients, and routes, ask of the broker. */
export type BrokerHost = ClientHost & {
  readonly clock: SteadyClock;
  readonly info: OwnInfo;
};

/** A host whose broker may replace what a reload changes. */
export type ChangingHost = Omit<BrokerHost, "maxTracedMsgLen"> & {
  maxTracedMsgLen: number;
};

/** What a host asks of its broker. */
type HostParts =
  & Pick<
    InfoParts,
    "clientAddress" | "webSocketAddress" | "options" | "push" | "pushSoon"
  >
  & { readonly operator: OperatorMode | undefined };

/** The host of a broker that is being made; what it asks of `parts` it asks later. */
export function brokerHost(
  options: ServerOptions,
  platform: HostPlatform & { readonly clock: SteadyClock },
  identity: ServerIdentity,
  parts: HostParts,
): ChangingHost {
  const { operator } = parts;
  const { clock, random, log } = platform;
  const runSoon = platform.runSoon ?? runSoonOn(clock);
  const turn = new Turn<Feeding>(runSoon, log, () => clock.monotonic());
  const info = new OwnInfo({
    ...platform,
    ...parts,
    identity,
    now: () => clock.now(),
  });
  const delivery = new Delivery(random, turn.meter, turn);
  const accounts = accountsOf(options, turn.meter, {
    mapping: mappingChance(platform, info),
    imports: {
      delivery,
      clock,
      random,
      serverName: identity.name,
      ...(operator && { isActivated: operator.accounts.activation }),
    },
  }, operator);
  let lastConnectionId = 0;
  return {
    clock,
    alarms: new Alarms(clock),
    random,
    log: new UnfailingLog(log),
    slabs: new SlabPool(),
    counters: noCounters(() => accounts.traffic()),
    pending: new PendingTotal(
      options.maxPendingTotalBytes || Infinity,
      runSoon,
    ),
    turn,
    maxTracedMsgLen: options.maxTracedMsgLen,
    nextConnectionId: () => ++lastConnectionId,
    accounts,
    delivery,
    info,
    tracing: { delivery, clock, describeServer: () => info.describe() },
  };
}

function mappingChance(
  { random, log }: Pick<HostPlatform, "random" | "log">,
  info: OwnInfo,
): MappingChance {
  return {
    random,
    clusterName: () => info.clusterName(),
    complain: (text) => log.error(text),
  };
}
