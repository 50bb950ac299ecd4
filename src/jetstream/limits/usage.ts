/** How much the streams of an account hold, and those of the server with it. */
import type { StorageKind } from "../stream/stream_config.ts";

/** Bytes that count here, and in what this is a part of. */
export class ByteLedger {
  bytes = 0;
  readonly #whole: ByteLedger | undefined;

  constructor(whole?: ByteLedger) {
    this.#whole = whole;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.#whole?.add(bytes);
  }
}

/** Bytes of messages, and those that streams have for themselves by their `max_bytes`. */
export class Usage {
  readonly used: Readonly<Record<StorageKind, ByteLedger>>;
  readonly reserved: Readonly<Record<StorageKind, ByteLedger>>;

  constructor(whole?: Usage) {
    this.used = {
      memory: new ByteLedger(whole?.used.memory),
      file: new ByteLedger(whole?.used.file),
    };
    this.reserved = {
      memory: new ByteLedger(whole?.reserved.memory),
      file: new ByteLedger(whole?.reserved.file),
    };
  }
}
