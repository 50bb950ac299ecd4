/**
 * Tells every registry of the configuration that this node lives, and before
 * it goes that it does not any more. The server is not held up: it starts
 * without a word from any registry, and leaves after a bounded time.
 */
import type { Registrar } from "../registrar.ts";
import type { NodeRecord } from "../node_record.ts";
import {
  type AnnouncerPlatform,
  NodeAnnouncement,
} from "./node_announcement.ts";

/** A registry that has not answered by then forgets the node by itself. */
const WITHDRAW_TIMEOUT_MS = 2000;

export class Announcer {
  readonly #announcements: readonly NodeAnnouncement[];
  readonly #platform: AnnouncerPlatform;
  /** What was announced last, as text. */
  #announced = "";
  #withdrawing: Promise<void> | undefined = undefined;

  /** An announcement that is not renewed is forgotten after `ttlMs`. */
  constructor(
    registrars: readonly Registrar[],
    platform: AnnouncerPlatform,
    ttlMs: number,
  ) {
    this.#platform = platform;
    this.#announcements = registrars.map((registrar) =>
      new NodeAnnouncement(registrar, platform, ttlMs)
    );
  }

  /** Announces `node`, or what is new of it, if anything is. */
  announce(node: NodeRecord): void {
    const text = JSON.stringify(node);
    if (text === this.#announced || this.#withdrawing !== undefined) return;
    this.#announced = text;
    for (const announcement of this.#announcements) announcement.announce(node);
  }

  /** Takes every announcement back; resolves when that is done, or has taken too long. */
  withdraw(): Promise<void> {
    this.#withdrawing ??= this.#withdraw();
    return this.#withdrawing;
  }

  #withdraw(): Promise<void> {
    const { clock, log } = this.#platform;
    if (this.#announced === "") return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.after(WITHDRAW_TIMEOUT_MS, () => {
        log.warn(
          `No answer within ${WITHDRAW_TIMEOUT_MS / 1000} s to a withdrawal`,
        );
        resolve();
      });
      Promise.allSettled(this.#announcements.map((one) => one.withdraw()))
        .then(() => {
          timer.cancel();
          resolve();
        });
    });
  }
}
