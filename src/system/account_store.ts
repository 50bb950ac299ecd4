/**
 * Accounts of a server in operator mode that come and go while it runs: what a
 * resolver keeps in its folder, what other servers of the cluster have, and what
 * of that becomes true. A JWT that nobody trusts, or whose time is over, is never
 * kept.
 */
import type { OperatorMode } from "../broker/operator_mode.ts";
import { decodeAccountJwt } from "../auth/jwt/decode.ts";
import type { JwtStore } from "../auth/resolver/jwt_store.ts";
import { asciiBytes } from "../core/ascii.ts";
import type { FolderResolver } from "../options/options.ts";
import type { VerifySignature } from "../platform/signatures.ts";
import type { Timer } from "../platform/clock.ts";
import type { Message } from "../wire/message.ts";
import type { Inbox } from "./inbox.ts";
import type { Peers } from "./peers.ts";
import { borrowedPayload } from "./request.ts";
import type { Voice } from "./voice.ts";

const decoder = new TextDecoder();
/** How often it is looked for JWTs that were not used for too long, at least. */
const LOOK_MS = 60_000;

export interface StoreParts {
  readonly voice: Voice;
  readonly peers: Peers;
  readonly inbox: Inbox;
  readonly operator: OperatorMode;
  readonly store: JwtStore;
  readonly options: FolderResolver;
  readonly verifySignature: VerifySignature;
}

export class AccountStore {
  readonly #parts: StoreParts;
  #timer: Timer | undefined = undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  start(): void {
    const { kind, ttlMs } = this.#parts.options;
    if (kind === "full") this.#compareLater();
    else if (ttlMs > 0) this.#dropStaleLater(Math.min(ttlMs, LOOK_MS));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The JWT of an account, of the folder or of another server. */
  async lookup(key: string): Promise<string | undefined> {
    const { store } = this.#parts;
    const known = store.get(key);
    if (known !== undefined) return known;
    const jwt = await this.#askOthers(key);
    // Not in place of a newer one that was pushed meanwhile.
    if (jwt !== undefined) await this.merge(key, jwt);
    return store.get(key);
  }

  /**
   * Keeps a JWT, and has it hold at once; one that `replaces` says no of is left
   * as it is. Rejects with the reason why not.
   */
  async take(
    key: string,
    jwt: string,
    replaces?: (kept: string) => boolean,
  ): Promise<void> {
    const { operator, store } = this.#parts;
    const fault = operator.accounts.faultOf(key, jwt);
    if (fault !== "") throw new Error(fault);
    await store.put(key, jwt, replaces);
    const holds = store.get(key) === jwt;
    if (holds && operator.accounts.known(key) !== undefined) {
      operator.accounts.accept(key, jwt);
    }
  }

  /** False where there is no such account. */
  async delete(key: string): Promise<boolean> {
    const { operator, store, options } = this.#parts;
    const wasThere = await store.delete(key, options.hardDelete);
    if (wasThere) operator.accounts.forget(key);
    return wasThere;
  }

  /** What another server has sent of its pack, if it is news. */
  async merge(key: string, jwt: string): Promise<void> {
    const known = this.#parts.store.get(key);
    // Asked once more when it is its turn: another one may be on its way.
    const isNewer = (kept: string): boolean =>
      this.#issuedAt(jwt) > this.#issuedAt(kept);
    if (known === jwt || (known !== undefined && !isNewer(known))) return;
    await this.take(key, jwt, isNewer);
  }

  #issuedAt(jwt: string): number {
    try {
      return decodeAccountJwt(jwt, this.#parts.verifySignature).issuedAt;
    } catch {
      return -Infinity;
    }
  }

  /** The first answer that is one; undefined when none comes in time. */
  #askOthers(key: string): Promise<string | undefined> {
    const { inbox, peers, voice, options } = this.#parts;
    return new Promise((resolve) => {
      let missing = Math.max(1, peers.size);
      let isOver = false;
      let end: (() => void) | undefined = undefined;
      const finish = (jwt: string | undefined): void => {
        isOver = true;
        end?.();
        timer.cancel();
        resolve(jwt);
      };
      const timer = voice.broker.host.clock.after(
        options.timeoutMs,
        () => finish(undefined),
      );
      end = inbox.ask(
        `$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`,
        new Uint8Array(0),
        (message) => {
          const jwt = decoder.decode(borrowedPayload(message));
          if (jwt !== "" || --missing === 0) finish(jwt || undefined);
        },
      );
      // An answer from this server has come by now.
      if (end === undefined || isOver) finish(undefined);
    });
  }

  #dropStaleLater(delayMs: number): void {
    const { store, voice } = this.#parts;
    const { clock, log } = voice.broker.host;
    this.#timer = clock.after(delayMs, () => {
      store.dropStale().catch((error: Error) =>
        log.error(`An old JWT could not be removed: ${error.message}`)
      );
      this.#dropStaleLater(delayMs);
    });
  }

  #compareLater(): void {
    const { voice, options } = this.#parts;
    this.#timer = voice.broker.host.clock.after(options.intervalMs, () => {
      this.#compare();
      this.#compareLater();
    });
  }

  /** Asks the others for what this server lacks, until the next time. */
  #compare(): void {
    const { inbox, store, voice, options } = this.#parts;
    const end = inbox.ask(
      "$SYS.REQ.CLAIMS.PACK",
      store.digest(),
      (message) => this.#merge(message),
    );
    if (end !== undefined) {
      voice.broker.host.clock.after(options.intervalMs, end);
    }
  }

  #merge(message: Message): void {
    const [key = "", jwt = ""] = decoder.decode(borrowedPayload(message))
      .split("|");
    if (jwt === "") return;
    this.merge(key, jwt).catch((error: Error) => {
      const { log } = this.#parts.voice.broker.host;
      log.error(`Merging account [${key}] resulted in error: ${error.message}`);
    });
  }
}

/** As a JWT goes over the wire. */
export function jwtBytes(jwt: string): Uint8Array {
  return asciiBytes(jwt);
}
