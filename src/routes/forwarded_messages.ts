/**
 * Messages that go out on a route: which ones the peer gets, and how they are
 * written. What comes in is `routed_messages.ts`'s.
 */
import type { AccountName } from "../accounts/interest.ts";
import type { Connection } from "../broker/connections/connection.ts";
import type { ConnectionHost } from "../broker/connections/host.ts";
import { countAllOut, countOut, type Traffic } from "../core/traffic.ts";
import {
  mostMore,
  rmsgHeadBytes,
  stripped,
  writeMore,
  writeRoutedMsg,
} from "../wire/encode.ts";
import { type Message, NO_HEADERS, subjectOf } from "../wire/message.ts";
import { asRouted } from "../wire/shown_subject.ts";
import { isCutElsewhere } from "./nats_server_words.ts";
import type { RoutePermissions } from "./route_permissions.ts";
import { StuckWatch } from "./stuck_watch.ts";

/** The route that they go out on. */
export interface ForwardingRoute {
  readonly connection: Connection;
  readonly member: { readonly takesHeaders: boolean };
}

export class ForwardedMessages {
  readonly #host: ConnectionHost;
  readonly #route: ForwardingRoute;
  readonly #permissions: () => RoutePermissions;
  readonly #traffic: Traffic;
  readonly #stuck: StuckWatch;
  /** The last message was written as it came. */
  #isAsItCame = false;

  constructor(
    host: ConnectionHost,
    route: ForwardingRoute,
    permissions: () => RoutePermissions,
    stuckPendingBytes: number,
  ) {
    const { connection } = route;
    this.#host = host;
    this.#route = route;
    this.#permissions = permissions;
    this.#traffic = connection.facts.traffic;
    this.#stuck = new StuckWatch(host.clock, connection, stuckPendingBytes);
  }

  /** See `ServerReceiver.forward`. */
  forward(
    account: AccountName,
    message: Message,
    groups: readonly Uint8Array[],
    groupCount: number,
  ): void {
    const { connection, member } = this.#route;
    this.#isAsItCame = false;
    if (connection.isDeaf || isCutElsewhere(message)) return;
    if (this.#permissions().hides(message)) return;
    if (this.#stuck.isStuck) return this.#stuck.lose();
    if (message.headerSize !== NO_HEADERS && !member.takesHeaders) {
      return this.forward(account, stripped(message), groups, groupCount);
    }
    const { output } = connection;
    const routed = asRouted(message);
    this.#isAsItCame = routed === message && groupCount === 0;
    const { nameBytes } = account;
    writeRoutedMsg(output.outbox, routed, nameBytes, groups, groupCount);
    countOut(this.#traffic, account.routeTraffic, message.size);
    if (this.#host.turn.traces) {
      const subject = subjectOf(message);
      connection.log.traceOut(
        `RMSG ${account.name} ${subject} ${message.size}`,
      );
    }
    output.wroteMessage();
    if (output.outbox.blocked) this.#stuck.watch();
  }

  /** See `ServerReceiver.mostAgain`. */
  mostAgain({ nameBytes }: AccountName, message: Message): number {
    if (!this.#isAsItCame) return 0;
    const { roomBytes } = this.#route.connection.output;
    return mostMore(message, rmsgHeadBytes(message, nameBytes), roomBytes);
  }

  /** See `ServerReceiver.forwardAgain`. */
  forwardAgain(
    { nameBytes, routeTraffic }: AccountName,
    message: Message,
    count: number,
    stride: number,
  ): void {
    const { output } = this.#route.connection;
    const headBytes = rmsgHeadBytes(message, nameBytes);
    writeMore(output.outbox, message, headBytes, count, stride);
    countAllOut(this.#traffic, routeTraffic, message.size, count);
    output.wroteMessage();
    if (output.outbox.blocked) this.#stuck.watch();
  }

  stop(): void {
    this.#stuck.stop();
  }
}
