/**
 * Requests about the JWTs of accounts, `$SYS.REQ.CLAIMS.*` and those about one
 * account: they are brought, looked up, listed, compared and deleted. NATS: a
 * server without a folder for them takes new ones of accounts that it knows.
 */
import type { OperatorMode } from "../broker/operator_mode.ts";
import type { GenericClaims } from "../auth/jwt/claims.ts";
import { decodeAccountJwt, decodeGenericJwt } from "../auth/jwt/decode.ts";
import type { JwtStore } from "../auth/resolver/jwt_store.ts";
import { isPublicKey } from "../core/key_text.ts";
import { isLiteralSubject } from "../core/subject.ts";
import type { FolderResolver } from "../options/options.ts";
import type { VerifySignature } from "../platform/signatures.ts";
import type { Message } from "../wire/message.ts";
import { type AccountStore, jwtBytes } from "./account_store.ts";
import { borrowedPayload, readRequest, tokenAt } from "./request.ts";
import type { Voice } from "./voice.ts";

/** Where the account stands in `$SYS.REQ.ACCOUNT.<key>.CLAIMS.X`, and in the old form without `REQ`. */
const KEY_TOKEN = 3;
const OLD_KEY_TOKEN = 2;
const NOTHING = new Uint8Array(0);
const NO_ACCOUNT = "n/a";

/** What a server with a folder of JWTs has. */
export interface ClaimsFolder {
  readonly options: FolderResolver;
  readonly store: JwtStore;
  readonly accounts: AccountStore;
}

export class ClaimsRequests {
  readonly #voice: Voice;
  readonly #operator: OperatorMode;
  readonly #verify: VerifySignature;
  readonly #folder: ClaimsFolder | undefined;

  constructor(
    voice: Voice,
    operator: OperatorMode,
    verify: VerifySignature,
    folder: ClaimsFolder | undefined,
  ) {
    this.#voice = voice;
    this.#operator = operator;
    this.#verify = verify;
    this.#folder = folder;
  }

  start(): void {
    this.#serve("$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE", (message) => {
      return this.#update(message, tokenAt(message, KEY_TOKEN));
    });
    this.#serve("$SYS.ACCOUNT.*.CLAIMS.UPDATE", (message) => {
      return this.#update(message, tokenAt(message, OLD_KEY_TOKEN));
    });
    const folder = this.#folder;
    if (folder === undefined) return;
    this.#serve("$SYS.REQ.CLAIMS.UPDATE", (message) => {
      return this.#update(message, "");
    });
    this.#serve("$SYS.REQ.CLAIMS.LIST", (message) => {
      this.#list(message, folder);
    });
    this.#serve("$SYS.REQ.CLAIMS.DELETE", (message) => {
      return this.#delete(message, folder);
    });
    if (folder.options.kind !== "full") return;
    this.#serve("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP", (message) => {
      this.#lookUp(message, folder);
    });
    this.#serve("$SYS.REQ.CLAIMS.PACK", (message) => {
      this.#pack(message, folder);
    });
  }

  #serve(
    subject: string,
    handler: (message: Message) => void | Promise<void>,
  ): void {
    this.#voice.client.subscribe(
      subject,
      "",
      (message) => void handler(message),
    );
  }

  /** A JWT is brought; `key` is the account that the subject names, if it names one. */
  async #update(message: Message, key: string): Promise<void> {
    const { reply, text } = readRequest(message);
    const kind = this.#folder?.options.kind;
    // NATS: what is no JWT is that of no account, as far as this kind tells.
    let account = kind === "full" || key === "" ? NO_ACCOUNT : key;
    try {
      if (kind === undefined && text === "") {
        throw new ClaimsError("error - request body is empty");
      }
      const { subject } = decodeAccountJwt(text, this.#verify);
      account = key === "" ? subject : key;
      if (subject !== account) {
        throw new Error("subject does not match jwt content");
      }
      this.#answer(reply, account, await this.#take(account, text));
    } catch (error) {
      const reason = error instanceof ClaimsError
        ? `jwt update ${error.message}`
        : this.#prefix + (error as Error).message;
      this.#refuse(reply, account, reason);
    }
  }

  /** Gives what has become of it. */
  async #take(account: string, jwt: string): Promise<string> {
    const { accounts } = this.#operator;
    const kind = this.#folder?.options.kind;
    if (kind === "full") {
      await this.#folder!.accounts.take(account, jwt);
      return "jwt updated";
    }
    const isKept = this.#folder?.store.get(account) !== undefined ||
      accounts.known(account) !== undefined;
    if (kind === "cache") {
      if (!isKept) return "jwt update cache skipped";
      await this.#folder!.accounts.take(account, jwt);
      return "jwt updated cache";
    }
    if (!isKept) return "jwt update skipped";
    const fault = accounts.accept(account, jwt);
    if (fault !== "") throw new Error(fault);
    return "jwt updated";
  }

  get #prefix(): string {
    return this.#folder?.options.kind === "cache"
      ? "jwt update cache resulted in error - "
      : "jwt update resulted in error - ";
  }

  /** The bare JWT; nothing of an account that is not there, and no answer about what is no account. */
  #lookUp(message: Message, { store }: ClaimsFolder): void {
    const key = tokenAt(message, KEY_TOKEN);
    const { reply } = readRequest(message);
    if (!isPublicKey(key, "A") || !isLiteralSubject(reply)) return;
    const jwt = store.get(key);
    this.#voice.client.publish(
      reply,
      jwt === undefined ? NOTHING : jwtBytes(jwt),
    );
  }

  /** Those whose time is not over. */
  #list(message: Message, { store }: ClaimsFolder): void {
    const keys = store.entries()
      .filter(([key, jwt]) => this.#operator.accounts.faultOf(key, jwt) === "")
      .map(([key]) => key);
    this.#voice.answer(readRequest(message).reply, {
      data: keys,
      server: this.#voice.record(),
    });
  }

  /** All JWTs, for a server that does not have the same, and then an empty message. */
  #pack(message: Message, { store }: ClaimsFolder): void {
    const { reply } = readRequest(message);
    if (!isLiteralSubject(reply)) return;
    const { client, broker } = this.#voice;
    const theirs = borrowedPayload(message).slice();
    const own = store.digest();
    const isSame = theirs.length === own.length &&
      own.every((byte, i) => byte === theirs[i]);
    const entries = isSame ? [] : store.entries();
    const packed = [...entries.map(([key, jwt]) => `${key}|${jwt}`), ""];
    broker.host.turn.spreadOver(packed, PACK_WORK, (text) => {
      client.publish(reply, jwtBytes(text));
    });
  }

  async #delete(message: Message, folder: ClaimsFolder): Promise<void> {
    const { reply, text } = readRequest(message);
    let by = "";
    const fail = (reason: string): never => {
      throw new ClaimsError(
        `delete accounts request by ${by} failed - ${reason}`,
      );
    };
    try {
      const { issuer, subject, data } = this.#deletion(text, fail);
      by = subject;
      const { trust } = this.#operator;
      if (issuer !== subject) fail("not self signed");
      if (!trust.issuers.has(issuer)) fail("not trusted");
      if (!folder.options.allowDelete) {
        throw new ClaimsError("delete must be enabled in server config");
      }
      const { accounts } = data;
      if (!isListOfAccounts(accounts)) return fail("malformed request");
      if (accounts.includes(trust.systemAccount)) {
        fail("not allowed to delete system account");
      }
      // NATS counts those that were not there, too.
      for (const key of accounts) await folder.accounts.delete(key);
      this.#answer(reply, "", `deleted ${accounts.length} accounts`);
    } catch (error) {
      this.#refuse(reply, "", (error as Error).message);
    }
  }

  #deletion(text: string, fail: (reason: string) => never): GenericClaims {
    try {
      return decodeGenericJwt(text, this.#verify);
    } catch (error) {
      return fail((error as Error).message);
    }
  }

  /** `account`: empty where the answer is not about one. */
  #answer(reply: string, account: string, text: string): void {
    this.#voice.answer(reply, {
      server: this.#voice.record(),
      data: { ...(account && { account }), code: 200, message: text },
    });
  }

  #refuse(reply: string, account: string, description: string): void {
    const about = account === "" ? "" : ` - ${account}`;
    this.#voice.broker.host.log.error(description + about);
    this.#voice.answer(reply, {
      server: this.#voice.record(),
      error: { ...(account && { account }), code: 500, description },
    });
  }
}

/** Work to send one JWT of a pack. */
const PACK_WORK = 100;

/** What is wrong with a request, apart from what it brings. */
class ClaimsError extends Error {}

function isListOfAccounts(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((key) => typeof key === "string" && isPublicKey(key, "A"));
}
