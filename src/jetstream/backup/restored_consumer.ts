/** A consumer of a backup, as it is kept with its stream. */
import { ApiError } from "../api/api_error.ts";
import { readShape } from "../api/shape.ts";
import { checkConsumer } from "../consumer/consumer_checks.ts";
import {
  completeConsumerConfig,
  CONSUMER_CONFIG,
  type ConsumerConfig,
  type GivenConsumerConfig,
} from "../consumer/consumer_config.ts";
import { saveIdentity, saveProgress } from "../consumer/saved_consumer.ts";
import { saveAllOpen } from "../consumer/saved_open.ts";
import { consumerCaps } from "../limits/consumer_caps.ts";
import { usOf } from "../moments.ts";
import type { StreamStore } from "../store/stream_store.ts";
import type { StreamConfig } from "../stream/stream_config.ts";
import type { StreamHost } from "../stream/stream_host.ts";
import { consumerState } from "./consumer_state.ts";
import { BackupError } from "./s2_block.ts";

/** NATS JetStream: how a backup writes that a consumer is not paused. */
const NO_PAUSE = "0001-01-01T00:00:00Z";

/** Keeps a consumer that a backup has. Throws a `BackupError` for one that cannot be. */
export function restoredConsumer(
  store: StreamStore,
  { name, text, createdUs }: {
    readonly name: string;
    readonly text: string;
    readonly createdUs: number;
  },
  stream: StreamConfig,
  host: StreamHost,
): void {
  const { config: given, state } = JSON.parse(text) as {
    config: unknown;
    state: unknown;
  };
  const config = checkedConfig(name, JSON.stringify(given), stream, host);
  const { progress, open } = consumerState(state);
  const put = (key: string, value: string | undefined): void =>
    store.put(key, value);
  saveIdentity(put, name, { config, createdUs });
  const ackWaitUs = usOf(config.ack_wait ?? 0);
  saveAllOpen(
    put,
    name,
    open.map(({ waiting, ...one }) => ({
      ...one,
      waiting: waiting && {
        ...waiting,
        dueUs: waiting.deliveredUs + ackWaitUs,
      },
    })),
  );
  const place = { next: progress.seq + 1, hasLasts: false };
  saveProgress(put, name, progress, place);
}

function checkedConfig(
  name: string,
  text: string,
  stream: StreamConfig,
  { quota }: StreamHost,
): ConsumerConfig {
  try {
    const { pause_until, ...given } = readShape(text, CONSUMER_CONFIG, {
      strict: false,
    }) as GivenConsumerConfig;
    const caps = consumerCaps(quota, stream);
    const isPaused = pause_until !== undefined && pause_until !== NO_PAUSE;
    const config = completeConsumerConfig(
      { ...given, name, ...(isPaused && { pause_until }) },
      stream,
      caps,
    );
    checkConsumer(config, stream, caps);
    return config;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = error instanceof ApiError
      ? error.record().description
      : error.message;
    throw new BackupError(`consumer ${name}: ${why}`, { cause: error });
  }
}
