/** A stream takes in what its store has from an earlier life of the server. */
import type { Logger } from "../../core/log.ts";
import type { Steps } from "../../core/steps.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { StreamStore } from "../store/stream_store.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Damaged } from "./damaged.ts";
import { publishHeaders } from "./publish_headers.ts";
import { sizeOf } from "./room.ts";
import type { Schedules } from "./schedules.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { Succession } from "./succession.ts";
import { type Endings, keptTimeToLive } from "./time_to_live.ts";

/** The stream whose messages they are. */
interface ReplayedStream {
  readonly name: string;
  readonly config: StreamConfig;
  readonly index: MessageIndex;
  readonly host: { readonly log: Logger };
}

/** What of a stream hears of each of them. */
interface Replayed {
  readonly endings: Endings;
  readonly arrivals: Arrivals;
  readonly succession: Succession;
  readonly schedules: Schedules;
  readonly damaged: Damaged;
}

export function* replay(
  { name, config, index, host: { log } }: ReplayedStream,
  store: StreamStore,
  { endings, arrivals, succession, schedules, damaged }: Replayed,
): Steps<void> {
  yield* store.replay((message) => {
    const { seq, timeUs, subject, headers } = message;
    const size = sizeOf(config, message);
    if (seq > index.lastSeq + 1) index.skipTo(seq - 1);
    index.add({ seq, timeUs, subject, size });
    const asked = publishHeaders(headers);
    const lifetimeUs = keptTimeToLive(config, asked);
    if (lifetimeUs !== undefined) endings.add(seq, timeUs + lifetimeUs);
    arrivals.replayed(message, asked);
    succession.replayed(message, asked);
    if (config.allow_msg_schedules) schedules.replayed(message, asked);
  }, (damage) => {
    damaged.found.push(damage);
    log.error(`Stream ${name}: ${damage.text}`);
  });
  if (store.lastSeq > index.lastSeq) index.skipTo(store.lastSeq);
}
