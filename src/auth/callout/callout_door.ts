/**
 * A door that asks a service who may come in. The service itself, its
 * `auth_users`, comes in by what the configuration says, and so do users of the
 * configuration in accounts that it does not decide about.
 *
 * NATS auth callout, for accounts of a configuration.
 */
import { randomPublicKey } from "../../core/key_text.ts";
import type { Logger } from "../../core/log.ts";
import { quoted } from "../../core/quote.ts";
import type {
  AuthCalloutOptions,
  PermissionsOptions,
} from "../../options/options.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import {
  type Door,
  type Greeting,
  isRefused,
  type LoginRequest,
  type Principal,
  type Verdict,
} from "../door.ts";
import type { UserClaims, UserRights } from "../jwt/claims.ts";
import { allowedFor } from "../jwt/connect_times.ts";
import { JwtError } from "../jwt/json_object.ts";
import { isFromOneOf } from "../jwt/networks.ts";
import { SharedPermissions } from "../jwt/shared_permissions.ts";
import { REFUSED } from "../secret_check.ts";
import { userIn } from "./answer.ts";
import { Narrowing } from "./narrowing.ts";
import {
  type AskingServer,
  type CalloutQuestion,
  claimedUser,
  questionAbout,
} from "./question.ts";

/** What the door stands on. */
export interface CalloutWorld {
  /** As it is now. */
  server(): AskingServer;
  /** Publishes a question in `account`, and gives the first answer; undefined: none came in time. */
  ask(
    account: string,
    question: CalloutQuestion,
    timeoutMs: number,
  ): Promise<Uint8Array | undefined>;
  /** Whether there is an account of this name. */
  hasAccount(name: string): boolean;
  readonly globalAccount: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly verifySignature: VerifySignature;
}

/** Nobody comes in by what the configuration says of those without credentials. */
const GREETING: Greeting = {
  isOpen: false,
  asksLogin: true,
  anonymous: undefined,
};

export class CalloutDoor implements Door {
  readonly #options: AuthCalloutOptions;
  readonly #timeoutMs: number;
  /** Of clients that it has let in. */
  readonly #proof: string;
  readonly #inside: Door;
  readonly #world: CalloutWorld;
  readonly #permissions = new SharedPermissions();
  readonly #service = Narrowing.ofService();
  readonly #others = Narrowing.ofOthers();

  /** `inside` is the door that there would be without the service. */
  constructor(
    options: AuthCalloutOptions,
    timeoutMs: number,
    inside: Door,
    world: CalloutWorld,
  ) {
    this.#options = options;
    this.#proof = JSON.stringify(options);
    this.#timeoutMs = timeoutMs;
    this.#inside = inside;
    this.#world = world;
  }

  greet(): Greeting {
    return GREETING;
  }

  makeNonce(): string | undefined {
    return this.#inside.makeNonce();
  }

  async admit(request: LoginRequest): Promise<Verdict> {
    // NATS: a reload asks about nobody again, unless another service decides.
    const { current, proof } = request;
    if (current !== undefined && proof === this.#proof) {
      return this.#world.hasAccount(current.account) ? current : REFUSED;
    }
    const { authUsers, allowedAccounts } = this.#options;
    if (authUsers.includes(claimedUser(request.credentials))) {
      return narrowed(await this.#inside.admit(request), this.#service);
    }
    if (allowedAccounts.length > 0) {
      const verdict = await this.#inside.admit(request);
      if (!isRefused(verdict) && !this.#decidesAbout(verdict.account)) {
        return verdict.account === this.#options.account
          ? narrowed(verdict, this.#others)
          : verdict;
      }
    }
    return await this.#asked(request);
  }

  /** Users that the configuration has in no account of their own are the service's. */
  #decidesAbout(account: string): boolean {
    return account === this.#world.globalAccount ||
      this.#options.allowedAccounts.includes(account);
  }

  async #asked(request: LoginRequest): Promise<Verdict> {
    const { log } = this.#world;
    try {
      return await this.#answered(request);
    } catch (error) {
      if (!(error instanceof JwtError)) throw error;
      log.warn(capitalised(error.message));
      return REFUSED;
    }
  }

  async #answered(request: LoginRequest): Promise<Verdict> {
    const { clock, random, verifySignature: verify } = this.#world;
    const { account, issuer, xkey } = this.#options;
    const timeoutMs = this.#timeoutMs;
    const userKey = randomPublicKey("U", random);
    const server = this.#world.server();
    const question = questionAbout(request, {
      ...{ server, issuer, userKey, xkey, timeoutMs, random },
      now: clock.now(),
    });
    request.waiting.begins();
    const answer = await this.#world.ask(account, question, timeoutMs);
    if (answer === undefined) {
      request.log.debug(
        `Authorization callout response not received in time on account ${
          quoted(account)
        }`,
      );
      return REFUSED;
    }
    const user = userIn(answer, {
      ...{ userKey, issuer, account, xkey, verify },
      keys: server.keys,
      serverId: server.id,
      now: clock.now() / 1000,
    });
    return this.#principalOf(user, request);
  }

  #principalOf(user: UserClaims, request: LoginRequest): Principal {
    const { rights } = user;
    const where = `on account ${quoted(this.#options.account)}`;
    if (!this.#world.hasAccount(user.audience)) {
      throw new JwtError(
        `No valid account ${
          quoted(user.audience)
        } for auth callout response ${where}: account missing`,
      );
    }
    const stay = this.#stayOf(rights, request, where);
    const now = this.#world.clock.now();
    const expiresAt = Math.min(
      user.expiresAt === 0 ? Infinity : user.expiresAt * 1000,
      now + stay,
    );
    const permissions = this.#permissionsOf(user);
    return {
      account: user.audience,
      user: user.name || user.subject,
      ...(permissions !== undefined && { permissions }),
      limits: {
        maxSubscriptions: rights.maxSubscriptions,
        maxPayloadBytes: rights.maxPayloadBytes,
      },
      ...(expiresAt !== Infinity && { expiresAt }),
      proof: this.#proof,
    };
  }

  /** How long the user may stay, in milliseconds; throws unless it may come by this way, from there, and now. */
  #stayOf(
    { connectionTypes, sources, times, timesLocation }: UserRights,
    { connectionType, remote: { host }, log }: LoginRequest,
    where: string,
  ): number {
    const types = connectionTypes.map((type) => type.toUpperCase());
    if (types.length > 0 && !types.includes(connectionType)) {
      throw new JwtError(
        `Authorized user ${where} not allowed to use connection type`,
      );
    }
    if (sources.length > 0 && !isFromOneOf(sources, host)) {
      log.error(`Bad src Ip ${host}`);
      throw new JwtError(
        `Authorized user ${where} not allowed from source ${quoted(host)}`,
      );
    }
    const stay = allowedFor(times, timesLocation, this.#world.clock.now());
    if (stay === undefined) {
      log.error("Outside connect times");
      throw new JwtError(
        `Authorized user ${where} outside of valid connect times`,
      );
    }
    return stay;
  }

  #permissionsOf(user: UserClaims): PermissionsOptions | undefined {
    const own = this.#permissions.of(user.rights);
    return user.audience === this.#options.account ? this.#others.of(own) : own;
  }
}

function narrowed(verdict: Verdict, narrowing: Narrowing): Verdict {
  return isRefused(verdict)
    ? verdict
    : { ...verdict, permissions: narrowing.of(verdict.permissions) };
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
