/**
 * A message that goes to many: receivers whose subscriptions have the same sid,
 * as those of many instances of one program have, are sent the same bytes. They
 * are written for the first of them, and the outboxes of the others follow its
 * slab (`core/outbox.ts`).
 */
import { equalBytes } from "../core/ascii.ts";
import type { Outbox } from "../core/outbox.ts";
import { NO_SLAB, type Slab } from "../core/slab_pool.ts";
import { IN_PIECES, writeMsg } from "./encode.ts";
import { type Message, NO_HEADERS } from "./message.ts";

const NO_SID: Uint8Array = new Uint8Array(0);

/** Sids are told apart by their last digit first. */
const PLACES = 16;

/** The bytes of one message for one sid, and where they stand. */
class WrittenFrame {
  crowd = 0;
  sid: Uint8Array = NO_SID;
  slab: Slab = NO_SLAB;
  /** `slab.uses` then; another number: the bytes are gone. */
  uses = 0;
  start = 0;
  end = 0;
}

export class CrowdFrames {
  readonly #frames: WrittenFrame[] = Array.from(
    { length: PLACES },
    () => new WrittenFrame(),
  );
  #lastCrowd = 0;

  /** What `Message.crowd` is for another publish to several receivers. */
  next(): number {
    return ++this.#lastCrowd;
  }

  /** As `writeMsg`, for each receiver of a crowd, and for those of other messages. */
  write(
    out: Outbox,
    message: Message,
    sid: Uint8Array,
    headers: boolean,
  ): void {
    if (message.crowd === 0) return void writeMsg(out, message, sid, headers);
    const frame = this.#frames[sid[sid.length - 1]! & (PLACES - 1)]!;
    const isSame = frame.crowd === message.crowd &&
      frame.sid.length === sid.length &&
      equalBytes(frame.sid, 0, sid, 0, sid.length) &&
      frame.slab.uses === frame.uses &&
      (headers || message.headerSize === NO_HEADERS);
    if (isSame && out.follow(frame.slab, frame.start, frame.end)) return;
    const start = writeMsg(out, message, sid, headers);
    if (isSame || start === IN_PIECES) return;
    frame.crowd = message.crowd;
    frame.sid = sid;
    frame.slab = out.filled;
    frame.uses = frame.slab.uses;
    frame.start = start;
    frame.end = out.end;
  }
}
