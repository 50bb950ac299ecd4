/**
 * A stream that comes back from a backup: chunk by chunk, each of which is kept
 * before it is answered. The stream is there once all of it is.
 *
 * NATS JetStream (backups): an empty chunk is the end; a client that sends nothing
 * for five seconds has gone.
 */
import { asciiBytes, byteString, utf8Text } from "../../core/ascii.ts";
import { isError } from "../../core/errors.ts";
import type { Timer } from "../../platform/clock.ts";
import { type Message, replyOf } from "../../wire/message.ts";
import type { StreamStore } from "../store/stream_store.ts";
import type { StreamConfig } from "../stream/stream_config.ts";
import type { StreamHost } from "../stream/stream_host.ts";
import { type ArchiveEntry, ArchiveReader } from "./archive.ts";
import { S2Reader } from "./s2_frames.ts";
import { BackupError } from "./s2_block.ts";

/** The value of a store whose stream has not come from its backup to the end. */
export const RESTORING = "restoring";

/**
 * Who says it in a request to restore goes on where it was broken off: the answer
 * has the last sequence that is there already as `resumes_after`. `midge stream
 * copy` says it.
 */
export const RESUME_HEADER = "Nats-Midge-Resume";

const SILENCE_MS = 5000;
/** How long what came is kept for a client that may come again. */
const KEPT_MS = 60 * 60 * 1000;
const STATE_FILE = "state.json";
const CONSUMERS = "consumers/";
/** The most that a file of a backup may have. */
const FILE_MAX = 8 << 20;

/** What a backup has besides messages. */
export interface RestoredFiles {
  /** Texts of consumers, by their names. */
  readonly consumers: ReadonlyMap<string, string>;
}

/** What becomes of it. */
export interface RestoreEnd {
  /** All is in the store: gives the answer. Throws, and the store is destroyed. */
  complete(files: RestoredFiles): Promise<string>;
  /** The answer where it has failed. */
  failed(why: string): string;
  /** It is over, either way. */
  over(bytes: number, error?: string): void;
}

/** What is restored, and whether its client goes on where it was broken off. */
export interface RestorePlan {
  readonly config: StreamConfig;
  readonly isResumable: boolean;
}

export class Restore {
  readonly subject: string;
  readonly plan: RestorePlan;
  /** Its client has gone, and may come again. */
  isBrokenOff = false;
  readonly #host: StreamHost;
  readonly #store: StreamStore;
  readonly #end: RestoreEnd;
  readonly #endHearing: () => void;
  readonly #frames = new S2Reader();
  readonly #archive = new ArchiveReader();
  readonly #consumers = new Map<string, string>();
  #lastSeq = 0;
  #bytes = 0;
  #failure: string | undefined = undefined;
  #silence: Timer;
  #isOver = false;
  /** One chunk after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    host: StreamHost,
    subject: string,
    plan: RestorePlan,
    store: StreamStore,
    end: RestoreEnd,
  ) {
    this.subject = subject;
    this.plan = plan;
    this.#host = host;
    this.#store = store;
    this.#end = end;
    this.#endHearing = host.client.subscribe(
      subject,
      "",
      (message) => this.#heard(message),
    );
    this.#silence = this.#watch();
  }

  /** Nothing comes of it. */
  async stop(why: string): Promise<void> {
    if (this.#isOver) return;
    this.#finish();
    await this.#discard();
    this.#end.over(this.#bytes, why);
  }

  /** The store, with all that has come, for another restore; undefined: it is of no use. */
  async takeOver(): Promise<StreamStore | undefined> {
    await this.#work;
    if (this.#isOver) return undefined;
    if (this.#failure !== undefined) {
      await this.stop(this.#failure);
      return undefined;
    }
    this.#finish();
    this.#end.over(this.#bytes, "its client began again");
    return this.#store;
  }

  async #discard(): Promise<void> {
    try {
      await this.#store.destroy();
    } catch (error) {
      // It is removed at the next start.
      this.#host.log.error(`A backup is not removed: ${textOf(error)}`);
    }
  }

  #watch(): Timer {
    return this.#host.clock.after(SILENCE_MS, () => {
      const isKept = this.plan.isResumable && this.#store.lastSeq > 0 &&
        this.#failure === undefined;
      if (isKept) this.#breakOff();
      else void this.stop("no chunk came for 5s");
    });
  }

  #breakOff(): void {
    this.isBrokenOff = true;
    this.#endHearing();
    this.#silence = this.#host.clock.after(
      KEPT_MS,
      () => void this.stop("its client did not come again for an hour"),
    );
  }

  #heard(message: Message): void {
    const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
    const start = payloadStart + Math.max(0, headerSize);
    const chunk = bodyBuffer.slice(start, bodyEnd - 2);
    const reply = replyOf(message);
    this.#silence.cancel();
    this.#work = this.#work.then(() => this.#take(chunk, reply));
  }

  async #take(chunk: Uint8Array, reply: string): Promise<void> {
    if (this.#isOver) return;
    const isLast = chunk.length === 0;
    const answer = isLast ? await this.#complete() : await this.#keep(chunk);
    if (reply !== "") this.#host.client.publish(reply, asciiBytes(answer));
    if (!isLast) this.#silence = this.#watch();
  }

  /** Keeps what a chunk has; what is wrong with it is told at the end. */
  async #keep(chunk: Uint8Array): Promise<string> {
    this.#bytes += chunk.length;
    if (this.#failure !== undefined) return "";
    try {
      for (const bytes of this.#frames.push(chunk)) {
        for (const entry of this.#archive.push(bytes)) this.#entry(entry);
      }
      await synced(this.#store);
    } catch (error) {
      this.#failure = textOf(error);
    }
    return "";
  }

  #entry(entry: ArchiveEntry): void {
    const { seq, subject: name, payload } = entry;
    if (seq > 0) {
      if (seq <= this.#store.lastSeq) {
        throw new BackupError("messages are not in order");
      }
      return this.#store.append(entry);
    }
    if (payload.length > FILE_MAX) throw new BackupError("a file is too large");
    const text = utf8Text(byteString(payload, 0, payload.length));
    if (name === STATE_FILE) {
      const { last_seq: last } = JSON.parse(text) as { last_seq?: unknown };
      if (Number.isSafeInteger(last)) this.#lastSeq = Number(last);
    } else if (name.startsWith(CONSUMERS)) {
      this.#consumers.set(utf8Text(name.slice(CONSUMERS.length)), text);
    }
  }

  async #complete(): Promise<string> {
    this.#finish();
    try {
      if (this.#failure !== undefined) throw new BackupError(this.#failure);
      if (!this.#archive.isComplete || !this.#frames.isAtEnd) {
        throw new BackupError("unexpected EOF");
      }
      if (this.#lastSeq > this.#store.lastSeq) {
        this.#store.skipTo(this.#lastSeq);
      }
      const answer = await this.#end.complete({ consumers: this.#consumers });
      this.#end.over(this.#bytes);
      return answer;
    } catch (error) {
      const why = textOf(error);
      await this.#discard();
      this.#end.over(this.#bytes, why);
      return this.#end.failed(why);
    }
  }

  #finish(): void {
    this.#isOver = true;
    this.#silence.cancel();
    this.#endHearing();
  }
}

/** Resolves once all that was written is kept. */
export function synced(store: StreamStore): Promise<void> {
  return new Promise((resolve, reject) =>
    store.sync((error) => error === undefined ? resolve() : reject(error))
  );
}

function textOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
