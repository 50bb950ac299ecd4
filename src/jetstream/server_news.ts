/** What JetStream tells of its server, in the system account. */
import type { Accounts } from "../accounts/accounts.ts";
import type { Delivery } from "../accounts/delivery.ts";
import { InternalClient } from "../accounts/internal.ts";
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { Nuid } from "../core/nuid.ts";
import type { Random } from "../platform/clock.ts";
import { type Moments, momentText } from "./moments.ts";

/** The server, and where it is heard. */
export interface ServerNewsParts {
  readonly accounts: Accounts;
  readonly delivery: Delivery;
  readonly random: Random;
  readonly serverName: string;
  readonly serverId: string;
  /** What is told of the cluster; its name is empty without one. */
  readonly info: { readonly clusterName: () => string };
}

const SUBJECT = "$JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE";
/** How long it is not told again: every message that comes meanwhile fails. */
const QUIET_US = 10_000_000;

export class ServerNews {
  readonly #parts: ServerNewsParts;
  readonly #moments: Moments;
  readonly #domain: () => string;
  readonly #nuid: Nuid;
  #toldUs = -Infinity;

  constructor(
    parts: ServerNewsParts,
    moments: Moments,
    domain: () => string,
  ) {
    this.#parts = parts;
    this.#moments = moments;
    this.#domain = domain;
    this.#nuid = new Nuid(parts.random);
  }

  /** NATS JetStream (server_out_of_space): the disk has no room for what `stream` takes. */
  outOfStorage(stream: string): void {
    const { serverName, serverId, info } = this.#parts;
    const nowUs = this.#moments.nowUs();
    if (nowUs < this.#toldUs + QUIET_US) return;
    this.tell(SUBJECT, () => {
      this.#toldUs = nowUs;
      const cluster = info.clusterName();
      const domain = this.#domain();
      return {
        type: "io.nats.jetstream.advisory.v1.server_out_of_space",
        id: this.#nuid.next(),
        timestamp: momentText(nowUs),
        server: serverName,
        server_id: serverId,
        stream,
        ...(cluster !== "" && { cluster }),
        ...(domain !== "" && { domain }),
      };
    });
  }

  /** Says what `body` gives, where anybody hears it. */
  tell(subject: string, body: () => object): void {
    const { accounts: { system }, delivery } = this.#parts;
    if (system === undefined) return;
    const client = new InternalClient(system, delivery, { emptyReply: true });
    const to = utf8ByteString(subject);
    if (!client.isHeard(to)) return;
    client.publish(to, asciiBytes(utf8ByteString(goJson(body()))));
  }
}
