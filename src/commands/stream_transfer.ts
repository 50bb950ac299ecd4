/**
 * Streams between two servers, over the client protocol: one gives a backup of a
 * stream, the other takes it in, and neither needs to know of the other.
 */
import {
  createInbox,
  headers,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
} from "../faces/client.ts";
import { byteString } from "../core/ascii.ts";
import { deferred } from "../core/deferred.ts";
import { isRecord } from "../core/json.ts";
import { joinBytes } from "../core/join_bytes.ts";
import {
  archiveBegin,
  archiveEnd,
  type ArchiveEntry,
  ArchiveReader,
  entryBytes,
} from "../jetstream/backup/archive.ts";
import { RESUME_HEADER } from "../jetstream/backup/restore.ts";
import {
  framesOf,
  S2Reader,
  streamBegin,
} from "../jetstream/backup/s2_frames.ts";
import { sha256 } from "../runtime/process/digest.ts";

const CHUNK_BYTES = 64 * 1024;
/** A server may take its time to open a stream that it has been given. */
const ANSWER_MS = 60_000;

/** What a server says of a stream; the fields are those of the API. */
export interface StreamFacts {
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
}

/** All that a backup had, in short: two streams that are alike have the same. */
export interface Contents {
  readonly facts: StreamFacts;
  readonly messages: number;
  readonly consumers: readonly string[];
  /** Of sequences, times in microseconds, subjects, headers and payloads. */
  readonly digest: string;
}

/** What a server has refused. */
class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  readonly code: number;

  constructor(what: string, code: number) {
    super(what);
    this.code = code;
  }
}

/** Asks the API. Rejects with a `RefusedRequest` for an error. */
export async function askApi(
  connection: NatsConnection,
  subject: string,
  body: object | undefined = undefined,
  said: MsgHdrs | undefined = undefined,
): Promise<Record<string, unknown>> {
  const text = body === undefined ? "" : JSON.stringify(body);
  let answer;
  try {
    answer = await connection.request(`$JS.API.${subject}`, text, {
      timeout: ANSWER_MS,
      ...(said && { headers: said }),
    });
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    if (!(cause instanceof NoRespondersError)) throw error;
    throw new RefusedRequest("the server has no JetStream, or not for us", 503);
  }
  return checked(answer.json());
}

function checked(answer: unknown): Record<string, unknown> {
  if (!isRecord(answer)) throw new RefusedRequest("no answer of JetStream", 0);
  const { error } = answer;
  if (!isRecord(error)) return answer;
  throw new RefusedRequest(String(error["description"]), Number(error["code"]));
}

/** The names of all streams of a server, in their order. */
export async function streamNames(
  connection: NatsConnection,
): Promise<string[]> {
  const names: string[] = [];
  while (true) {
    const answer = await askApi(connection, "STREAM.NAMES", {
      offset: names.length,
    });
    const page = (answer["streams"] ?? []) as string[];
    names.push(...page);
    if (page.length === 0 || names.length >= Number(answer["total"])) break;
  }
  return names.sort();
}

/** Whether a server has a stream. */
export async function hasStream(
  connection: NatsConnection,
  name: string,
): Promise<boolean> {
  try {
    await askApi(connection, `STREAM.INFO.${name}`);
    return true;
  } catch (error) {
    if (error instanceof RefusedRequest && error.code === 404) return false;
    throw error;
  }
}

/** Where the bytes of a backup go. */
export interface BackupTaker {
  /** In front of all chunks. */
  begin(facts: StreamFacts): Promise<void>;
  /** Resolves once it has taken a chunk, which ends `entries`: the next one comes then. */
  chunk(bytes: Uint8Array, entries: readonly ArchiveEntry[]): Promise<void>;
}

/** Reads all of a stream, and hands its backup to `taker`. */
export async function readStream(
  connection: NatsConnection,
  name: string,
  taker: BackupTaker | undefined,
): Promise<Contents> {
  const inbox = createInbox();
  const end = deferred<void>();
  const contents = new ContentsReader();
  const begun = deferred<void>();
  let work: Promise<unknown> = begun.promise;
  const subscription = connection.subscribe(inbox, {
    callback: (_, message) => {
      const { headers, reply } = message;
      const status = headers?.status ?? "";
      if (message.data.length === 0) {
        const isEnd = status === "" || status.startsWith("204");
        if (!isEnd) return end.reject(new Error(`the backup ended: ${status}`));
        return void work.then(() => end.resolve(), end.reject);
      }
      const chunk = message.data.slice();
      work = work.then(async () => {
        const entries = contents.push(chunk);
        await taker?.chunk(chunk, entries);
        if (reply !== undefined) connection.publish(reply);
      });
      work.catch(end.reject);
    },
  });
  try {
    const facts = await askApi(connection, `STREAM.SNAPSHOT.${name}`, {
      deliver_subject: inbox,
      chunk_size: Math.min(CHUNK_BYTES, connection.info?.max_payload ?? 1024),
    }) as unknown as StreamFacts;
    await taker?.begin(facts);
    begun.resolve();
    const closed = connection.closed().then((error) => {
      throw error ?? new Error("the connection was closed");
    });
    await Promise.race([end.promise, closed]);
    return contents.end(facts);
  } finally {
    subscription.unsubscribe();
  }
}

/**
 * Takes a backup in. A Midge that has a part of it from a copy that was broken off
 * gets what comes behind that.
 */
export class RestoringStream implements BackupTaker {
  /** The last sequence that the target had already. */
  after = 0;
  #hasBegun = false;
  readonly #connection: NatsConnection;
  readonly #name: string;
  readonly #progress: (bytes: number) => void;
  #subject = "";
  #bytes = 0;

  /** `progress` hears how many bytes have come until then. */
  constructor(
    connection: NatsConnection,
    name: string,
    progress: (bytes: number) => void,
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#progress = progress;
  }

  async begin({ config, state }: StreamFacts): Promise<void> {
    const subject = `STREAM.RESTORE.${this.#name}`;
    // How many servers keep it is for the target to say.
    const said = headers();
    said.set(RESUME_HEADER, "1");
    const answer = await askApi(this.#connection, subject, {
      config: { ...config, num_replicas: 1 },
      state,
    }, said);
    this.#subject = String(answer["deliver_subject"]);
    this.after = Number(answer["resumes_after"] ?? 0);
  }

  async chunk(
    bytes: Uint8Array,
    entries: readonly ArchiveEntry[],
  ): Promise<void> {
    if (this.after === 0) return await this.#send(bytes);
    const missing = entries.filter(({ seq }) => seq === 0 || seq > this.after);
    await this.#sendArchive(missing.map(entryBytes));
  }

  async #sendArchive(parts: readonly Uint8Array[]): Promise<void> {
    const begin = this.#hasBegun ? [] : [archiveBegin()];
    const frames = framesOf(joinBytes([...begin, ...parts]));
    if (!this.#hasBegun) frames.unshift(streamBegin());
    this.#hasBegun = true;
    const all = joinBytes(frames);
    for (let at = 0; at < all.length; at += CHUNK_BYTES) {
      await this.#send(all.subarray(at, at + CHUNK_BYTES));
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#request(bytes);
    this.#bytes += bytes.length;
    this.#progress(this.#bytes);
  }

  /** The stream is there from then on. Rejects with a `RefusedRequest`. */
  async end(): Promise<void> {
    if (this.after > 0) await this.#sendArchive([archiveEnd()]);
    const answer = await this.#request(new Uint8Array(0));
    checked(answer.json());
  }

  #request(bytes: Uint8Array): ReturnType<NatsConnection["request"]> {
    return this.#connection.request(this.#subject, bytes, {
      timeout: ANSWER_MS,
    });
  }
}

class ContentsReader {
  readonly #frames = new S2Reader();
  readonly #archive = new ArchiveReader();
  readonly #consumers: string[] = [];
  #messages = 0;
  #digest = "";

  /** Gives the entries that `chunk` ends. */
  push(chunk: Uint8Array): ArchiveEntry[] {
    const entries = this.#frames.push(chunk)
      .flatMap((part) => this.#archive.push(part));
    for (const entry of entries) {
      if (entry.seq === 0) {
        const [, consumer] = /^consumers\/(.*)$/.exec(entry.subject) ?? [];
        if (consumer !== undefined) this.#consumers.push(consumer);
        continue;
      }
      this.#messages++;
      const bytes = entryBytes(entry);
      const text = byteString(bytes, 0, bytes.length);
      this.#digest = sha256(`${this.#digest} ${text}`);
    }
    return entries;
  }

  end(facts: StreamFacts): Contents {
    if (!this.#archive.isComplete) throw new Error("the backup is not whole");
    return {
      facts,
      messages: this.#messages,
      consumers: this.#consumers.sort(),
      digest: this.#digest,
    };
  }
}
