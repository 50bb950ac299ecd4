/**
 * A stream on its way to a client that makes a backup: in chunks, of which as many
 * are under way as the client allows.
 *
 * NATS JetStream (backups): each chunk has a reply subject on which the client says
 * that it has it; the last one that is not full has none, and an empty message
 * with the status 204 is the end.
 */
import { asciiBytes, utf8ByteString } from "../../core/ascii.ts";
import { joinBytes } from "../../core/join_bytes.ts";
import type { Timer } from "../../platform/clock.ts";
import type { Stream } from "../stream/stream.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { archiveBegin, archiveEnd, entryBytes } from "./archive.ts";
import { framesOf, streamBegin } from "./s2_frames.ts";

/** How a client wants it. */
export interface SnapshotOptions {
  /** Where it goes; a byte string. */
  readonly to: string;
  readonly chunkBytes: number;
  /** The most that is under way. */
  readonly windowBytes: number;
}

/** What stands in front of the messages: names and texts. */
export type SnapshotFiles = readonly (readonly [name: string, text: string])[];

/** A client that says nothing for so long has gone. */
const SILENCE_MS = 5000;
/** How long a client may take to listen where its subject is heard already. */
const LISTENER_MS = 250;
const NO_BYTES = new Uint8Array(0);
/** Entries are gathered up to this size. */
const GATHERED_BYTES = 64 * 1024;

export class StreamSnapshot {
  readonly #stream: Stream;
  readonly #options: SnapshotOptions;
  readonly #parts: Iterator<Uint8Array>;
  readonly #ackSubject: string;
  readonly #done: (error?: string) => void;
  readonly #endAcks: () => void;
  #rest: Uint8Array = NO_BYTES;
  #underWay = 0;
  #chunks = 0;
  #silence: Timer | undefined = undefined;
  #hasBegun = false;
  #isWaiting = false;
  #isOver = false;

  /** `id` is nobody else's; `done` hears of the end, and why it came early. */
  constructor(
    stream: Stream,
    files: SnapshotFiles,
    options: SnapshotOptions,
    id: string,
    done: (error?: string) => void,
  ) {
    this.#stream = stream;
    this.#options = options;
    this.#done = done;
    this.#parts = bytesOf(stream, files);
    const name = utf8ByteString(stream.name);
    this.#ackSubject = `$JS.SNAPSHOT.ACK.${name}.${id}`;
    this.#endAcks = stream.host.client.subscribe(
      `${this.#ackSubject}.*.*`,
      "",
      () => this.#acknowledged(),
    );
    this.#awaitListener();
  }

  /**
   * Some clients listen only when they have the answer, on a subject that those
   * who wait for answers hear as well: who hears it tells nothing by itself.
   */
  #awaitListener(): void {
    const { clock, client } = this.#stream.host;
    const { to } = this.#options;
    const begin = (): void => {
      if (this.#hasBegun || !client.isHeard(to)) return;
      this.#hasBegun = true;
      silence.cancel();
      endWatch();
      clock.after(0, () => this.#send());
    };
    const silence = clock.after(SILENCE_MS, () => {
      endWatch();
      this.#end("No Interest");
    });
    const endWatch = client.watch(to, begin);
    clock.after(LISTENER_MS, begin);
  }

  #acknowledged(): void {
    this.#underWay--;
    this.#silence?.cancel();
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#send();
  }

  /** Sends one chunk, and has the next one sent. */
  #send(): void {
    if (this.#isOver) return;
    const { chunkBytes, windowBytes, to } = this.#options;
    if (!this.#stream.host.client.isHeard(to)) return this.#end("No Interest");
    if (this.#underWay > 0 && (this.#underWay + 1) * chunkBytes > windowBytes) {
      return this.#wait();
    }
    let chunk;
    try {
      chunk = this.#next();
    } catch {
      // A message cannot be read; the log has said which.
      return this.#end("Snapshot Failed");
    }
    if (chunk.length < chunkBytes) {
      if (chunk.length > 0) this.#publish(chunk);
      return this.#end(undefined);
    }
    this.#chunks++;
    this.#underWay++;
    this.#publish(chunk, `${this.#ackSubject}.${chunk.length}.${this.#chunks}`);
    this.#stream.host.clock.after(0, () => this.#send());
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#silence = this.#stream.host.clock.after(
      SILENCE_MS,
      () => this.#end("No Flow Response"),
    );
  }

  #next(): Uint8Array {
    const { chunkBytes } = this.#options;
    const parts = [this.#rest];
    let length = this.#rest.length;
    while (length < chunkBytes) {
      const { value, done } = this.#parts.next();
      if (done) break;
      parts.push(value);
      length += value.length;
    }
    const all = joinBytes(parts);
    this.#rest = all.subarray(chunkBytes);
    return all.subarray(0, chunkBytes);
  }

  #publish(payload: Uint8Array, reply = "", headers = NO_BYTES): void {
    const { to } = this.#options;
    this.#stream.host.client.publish(to, payload, { reply, headers });
  }

  #end(trouble: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence?.cancel();
    this.#endAcks();
    const status = trouble === undefined ? "204" : `408 ${trouble}`;
    const isPlain = trouble === undefined && this.#chunks === 0;
    this.#publish(
      NO_BYTES,
      "",
      isPlain ? NO_BYTES : asciiBytes(`NATS/1.0 ${status}\r\n\r\n`),
    );
    this.#done(trouble);
  }
}

/** All of a backup, as it goes to a client. */
function* bytesOf(
  stream: Stream,
  files: SnapshotFiles,
): Generator<Uint8Array, undefined> {
  yield streamBegin();
  let gathered: Uint8Array[] = [archiveBegin()];
  let length = 0;
  for (const entry of entriesOf(stream, files)) {
    const bytes = entryBytes(entry);
    gathered.push(bytes);
    length += bytes.length;
    if (length < GATHERED_BYTES) continue;
    yield* framesOf(joinBytes(gathered));
    gathered = [];
    length = 0;
  }
  yield* framesOf(joinBytes([...gathered, archiveEnd()]));
  return undefined;
}

function* entriesOf(
  stream: Stream,
  files: SnapshotFiles,
): Generator<StoredMessage> {
  const { index, host, visibleSeq: last } = stream;
  const timeUs = host.moments.nowUs();
  for (const [name, text] of files) {
    yield {
      seq: 0,
      timeUs,
      subject: utf8ByteString(name),
      headers: NO_BYTES,
      payload: asciiBytes(utf8ByteString(text)),
    };
  }
  let seq = index.next(index.firstSeq);
  while (seq <= last) {
    // What goes meanwhile is not in it.
    const message = stream.load(seq);
    if (message !== undefined) yield message;
    seq = index.next(seq + 1);
  }
}
