/** What streams and consumers ask of the server around them. */
import type { MessageSource } from "../../accounts/interest.ts";
import type { InternalClient } from "../../accounts/internal.ts";
import type { Advisories } from "../advisories.ts";
import type { Logger } from "../../core/log.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { Quota } from "../limits/quota.ts";
import type { Moments } from "../moments.ts";
import type { ReplySubjects } from "../reply_subjects.ts";
import type { ServerNews } from "../server_news.ts";
import type { BatchRoom } from "./batch_room.ts";

/** Work that goes on over turns of the event loop; clients that lag hold it. */
export interface LongWork {
  /** Goes on with it in later turns, until it is done. */
  goOn(): void;
}

export interface StreamHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly moments: Moments;
  readonly replies: ReplySubjects;
  /** Whether what `publisher` asks without naming a domain is for this server. */
  isMeantBy(publisher: MessageSource | undefined): boolean;
  readonly advisories: Advisories;
  readonly news: ServerNews;
  /** `step` does a part of it, and gives true behind the last one. */
  longWork(step: () => boolean): LongWork;
  /** Of the whole server. */
  readonly batches: BatchRoom;
  /** What the streams of the account may hold. */
  readonly quota: Quota;
  /** The server as a client of the stream's account. */
  readonly client: InternalClient;
}
