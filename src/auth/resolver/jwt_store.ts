/**
 * JWTs of accounts in the files of a folder, `KEY.jwt` each, and in memory. A
 * file is written beside the old one and renamed over it, so a server that dies
 * leaves the one or the other. A damaged file is reported, left where it is, and
 * not used.
 */
import { JwtError } from "../jwt/json_object.ts";
import { decodeAccountJwt } from "../jwt/decode.ts";
import { isPublicKey } from "../../core/key_text.ts";
import type { Logger } from "../../core/log.ts";
import type { Files } from "../../platform/files.ts";
import type { VerifySignature } from "../../platform/signatures.ts";

const ENDING = ".jwt";
/** NATS: a file that was deleted is kept under this ending. */
const DELETED_ENDING = ".jwt.deleted";
/** They tell who may do what, and let nobody in. */
const MODE = 0o640;
const DIGEST_BYTES = 32;

/** What a store stands on. */
export interface StoreWorld {
  readonly files: Files;
  /** SHA-256 of a text in UTF-8, in hex digits. */
  readonly sha256: (text: string) => string;
  readonly verifySignature: VerifySignature;
  readonly log: Logger;
  /** Milliseconds that never step back. */
  readonly now: () => number;
}

export interface StoreSettings {
  readonly folder: string;
  /** 0: none. */
  readonly limit: number;
  /** Where there is no room the JWT that was not used for the longest time goes, instead of an error. */
  readonly dropsOldest: boolean;
  /** A JWT that was not used for this long is not there any more; 0: it stays. */
  readonly ttlMs: number;
}

export class JwtStore {
  readonly #world: StoreWorld;
  readonly #settings: StoreSettings;
  /** Those that were not used for the longest time first. */
  readonly #jwts = new Map<string, string>();
  /** When each was used last. */
  readonly #usedAt = new Map<string, number>();
  /** XOR of the digests of all of them. */
  readonly #digest = new Uint8Array(DIGEST_BYTES);
  /** One change of a file after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(world: StoreWorld, settings: StoreSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  /** Reads the folder. Rejects when that is not to be read. */
  async open(): Promise<void> {
    const { files, log, verifySignature } = this.#world;
    const { folder } = this.#settings;
    for (const name of await files.list(folder)) {
      if (!name.endsWith(ENDING)) continue;
      const key = name.slice(0, -ENDING.length);
      if (!isPublicKey(key, "A")) continue;
      try {
        const jwt = (await files.readText(`${folder}/${name}`)).trim();
        const { subject } = decodeAccountJwt(jwt, verifySignature);
        if (subject !== key) throw new JwtError(`it is that of ${subject}`);
        this.#keep(key, jwt);
      } catch (error) {
        const reason = (error as Error).message;
        log.error(`JWT file ${folder}/${name} is not used: ${reason}`);
      }
    }
  }

  get(key: string): string | undefined {
    const jwt = this.#jwts.get(key);
    if (jwt === undefined || !this.#settings.dropsOldest) return jwt;
    if (this.#isStale(key)) return undefined;
    this.#use(key, jwt);
    return jwt;
  }

  /** With their keys. */
  entries(): [string, string][] {
    return [...this.#jwts];
  }

  /** Two stores that hold the same JWTs have the same digest. */
  digest(): Uint8Array {
    return this.#digest.slice();
  }

  /**
   * Keeps `jwt`, unless `replaces` says no of the one that is kept when it is its
   * turn. Rejects when there is no room, or the file cannot be written: then
   * nothing has changed.
   */
  put(
    key: string,
    jwt: string,
    replaces: (kept: string) => boolean = () => true,
  ): Promise<void> {
    return this.#next(async () => {
      // The file is named by it.
      if (!isPublicKey(key, "A")) throw new JwtError("invalid public key");
      const kept = this.#jwts.get(key);
      if (kept === jwt) return this.#use(key, jwt);
      const isKept = kept !== undefined && !this.#isStale(key);
      if (isKept && !replaces(kept)) return;
      if (kept === undefined) await this.#makeRoom();
      const { files } = this.#world;
      await files.replaceText(this.#path(key, ENDING), jwt, MODE);
      this.#keep(key, jwt);
    });
  }

  /** False where there is none. The file stays under another name unless it is to go for good. */
  delete(key: string, forGood: boolean): Promise<boolean> {
    return this.#next(async () => {
      const jwt = this.#jwts.get(key);
      if (jwt === undefined) return false;
      const { files } = this.#world;
      if (!forGood) {
        await files.replaceText(this.#path(key, DELETED_ENDING), jwt, MODE);
      }
      await files.remove(this.#path(key, ENDING));
      this.#forget(key);
      return true;
    });
  }

  /** Those that were not used for too long go. */
  dropStale(): Promise<void> {
    return this.#next(async () => {
      for (const key of [...this.#jwts.keys()]) {
        if (!this.#isStale(key)) return;
        await this.#world.files.remove(this.#path(key, ENDING));
        this.#forget(key);
      }
    });
  }

  #isStale(key: string): boolean {
    const { ttlMs } = this.#settings;
    return ttlMs > 0 && this.#usedAt.get(key)! + ttlMs <= this.#world.now();
  }

  #use(key: string, jwt: string): void {
    this.#jwts.delete(key);
    this.#jwts.set(key, jwt);
    this.#usedAt.set(key, this.#world.now());
  }

  async #makeRoom(): Promise<void> {
    const { limit, dropsOldest } = this.#settings;
    if (limit === 0 || this.#jwts.size < limit) return;
    if (!dropsOldest) throw new Error("jwt store is full");
    const [oldest] = this.#jwts.keys();
    await this.#world.files.remove(this.#path(oldest!, ENDING));
    this.#forget(oldest!);
  }

  #path(key: string, ending: string): string {
    return `${this.#settings.folder}/${key}${ending}`;
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }

  #keep(key: string, jwt: string): void {
    this.#forget(key);
    this.#use(key, jwt);
    this.#count(jwt);
  }

  #forget(key: string): void {
    const jwt = this.#jwts.get(key);
    if (jwt === undefined) return;
    this.#jwts.delete(key);
    this.#usedAt.delete(key);
    this.#count(jwt);
  }

  /** Adds the digest of `jwt`, or takes it away again. */
  #count(jwt: string): void {
    const digest = this.#world.sha256(jwt);
    for (let i = 0; i < DIGEST_BYTES; i++) {
      this.#digest[i]! ^= parseInt(digest.slice(2 * i, 2 * i + 2), 16);
    }
  }
}
