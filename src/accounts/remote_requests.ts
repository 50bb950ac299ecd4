/**
 * Requests of other servers that are served here and measured there: what this
 * server alone can tell of a measurement, who responded and after what time.
 */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { isSubsetMatch } from "../core/subject.ts";
import { type Message, replyOf, subjectOf } from "../wire/message.ts";
import type { Account } from "./account.ts";
import type { ImportHost } from "./import_host.ts";
import {
  type DirectReceiver,
  Interest,
  type MessageSource,
} from "./interest.ts";
import { InternalClient } from "./internal.ts";
import { latencyFields, nanoseconds } from "./latency.ts";
import { Kind } from "./reach.ts";
import { knownOf, type RequestInfo } from "./request_info.ts";

/** NATS: the last but one token names the server that measures. */
const MEASURED_REPLY = "_R_.*.*.*.T";
const SERVER_PLACE = 3;
/** For one more the oldest is given up. */
const AWAITED_MAX = 65_536;
/** NATS: they have about 50 characters, besides the server's name in short. */
const REPLY_CHARS_MAX = 256;
/** Nothing is told of a response that takes longer. */
const AWAITED_MS = 120_000;

const T = "T".charCodeAt(0);
const DOT = ".".charCodeAt(0);

/** NATS: whether the server that `message` comes from measures how it is served. */
export function isMeasured(
  { replyBuffer, replyStart, replyEnd }: Message,
): boolean {
  return replyEnd - replyStart > 2 && replyBuffer[replyEnd - 1] === T &&
    replyBuffer[replyEnd - 2] === DOT;
}

/** Requests of other servers to the services of one account. */
export class RemoteRequests implements DirectReceiver {
  /** It hears what clients of this server respond; no server is told of its interest. */
  readonly kind: Kind = Kind.IMPORT;
  readonly #account: Account;
  readonly #host: ImportHost;
  readonly #interest: Interest;
  /** When each came, by its reply subject, the oldest first. */
  readonly #awaited = new Map<string, number>();
  #isListening = false;

  constructor(account: Account, host: ImportHost) {
    this.#account = account;
    this.#host = host;
    this.#interest = Interest.direct(this, MEASURED_REPLY, "", "");
  }

  /** A request that `isMeasured` has come from another server. */
  came(message: Message): void {
    const reply = replyOf(message);
    if (reply.length > REPLY_CHARS_MAX) return;
    if (!isSubsetMatch(reply, MEASURED_REPLY)) return;
    if (!this.#isService(subjectOf(message))) return;
    const now = this.#host.clock.monotonic();
    for (const [oldest, cameAt] of this.#awaited) {
      const isLate = cameAt + AWAITED_MS < now;
      if (!isLate && this.#awaited.size < AWAITED_MAX) break;
      this.#awaited.delete(oldest);
    }
    this.#awaited.set(reply, now);
    if (this.#isListening) return;
    this.#isListening = true;
    this.#account.insert(this.#interest);
  }

  takes(): boolean {
    return true;
  }

  /** Perhaps a response. This is never who takes it. */
  deliver(
    _: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    const reply = subjectOf(message);
    const cameAt = this.#awaited.get(reply);
    const responder = publisher?.requestInfo?.(true, true);
    if (cameAt === undefined || responder === undefined) return false;
    this.#awaited.delete(reply);
    this.#tell(reply, cameAt, responder);
    return false;
  }

  /** The account is gone. */
  clear(): void {
    this.#awaited.clear();
    if (this.#isListening) this.#account.remove(this.#interest);
    this.#isListening = false;
  }

  #isService(subject: string): boolean {
    const options = this.#host.exporters.optionsOf(this.#account.name);
    return options?.exports.some((offered) =>
      offered.kind === "service" &&
      isSubsetMatch(subject, utf8ByteString(offered.subject))
    ) ?? false;
  }

  #tell(reply: string, cameAt: number, responder: RequestInfo): void {
    const { clock, delivery, exporters: { system }, path } = this.#host;
    if (system === undefined) return;
    const ms = clock.monotonic() - cameAt;
    const half = {
      account: this.#account.name,
      req_id: reply,
      m2: {
        type: "",
        id: "",
        timestamp: "0001-01-01T00:00:00Z",
        status: 200,
        responder: knownOf(responder),
        start: new Date(clock.now() - ms).toISOString(),
        ...latencyFields({
          elapsed: nanoseconds(ms),
          requestorRtt: 0,
          responderRtt: responder.rtt ?? 0,
          own: 0,
        }),
      },
    };
    const payload = asciiBytes(utf8ByteString(goJson(half)));
    const subject = `$SYS.LATENCY.M2.${reply.split(".")[SERVER_PLACE]}`;
    const server = new InternalClient(system, delivery, { emptyReply: true });
    // What is told of a response is no step of it.
    path.afresh(() => server.publish(subject, payload) > 0);
  }
}
