/**
 * What other servers tell of requests that this one measures and that they have
 * served: who responded, and after what time.
 */
import type { OtherHalf } from "../accounts/latency.ts";
import type { RequestInfo } from "../accounts/request_info.ts";
import { utf8ByteString } from "../core/ascii.ts";
import { shortHash } from "../core/short_hash.ts";
import { isRecord } from "../core/json.ts";
import { borrowedPayload, jsonIn } from "./request.ts";
import type { Voice } from "./voice.ts";

export class LatencyHalves {
  readonly #voice: Voice;

  constructor(voice: Voice) {
    this.#voice = voice;
  }

  start(): void {
    const { client, broker } = this.#voice;
    const own = shortHash(utf8ByteString(broker.identity.name));
    client.subscribe(
      `$SYS.LATENCY.M2.${own}`,
      "",
      (message) => this.#heard(jsonIn(borrowedPayload(message))),
    );
  }

  #heard(told: unknown): void {
    if (!isRecord(told)) return;
    const { account: name, req_id: reply, m2 } = told;
    if (typeof name !== "string" || typeof reply !== "string") return;
    const half = halfIn(m2);
    const { accounts } = this.#voice.broker.host;
    const account = accounts.awake(name);
    if (half === undefined || account === undefined) return;
    accounts.imports.responsesOf(account).measuredElsewhere(reply, half);
  }
}

function halfIn(m2: unknown): OtherHalf | undefined {
  if (!isRecord(m2) || typeof m2["service"] !== "number") return undefined;
  const { responder, service } = m2;
  return {
    service: Math.round(service),
    responder: isResponder(responder) ? responder : undefined,
  };
}

/** Of the rest no use is made but to tell it on. */
function isResponder(value: unknown): value is RequestInfo {
  if (!isRecord(value) || typeof value["acc"] !== "string") return false;
  const { rtt = 0 } = value;
  return typeof rtt === "number" && Number.isSafeInteger(rtt);
}
