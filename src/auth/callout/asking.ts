/**
 * A question to a service that decides about logins, from the client that wants
 * in to the JWT of the user that it is to be; and what both kinds of service,
 * that of a configuration and that of an account's JWT, check of that user.
 */
import { randomPublicKey } from "../../core/key_text.ts";
import type { Logger } from "../../core/log.ts";
import { quoted } from "../../core/quote.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type { LoginRefusal, LoginRequest } from "../door.ts";
import type { UserClaims, UserRights } from "../jwt/claims.ts";
import { allowedFor } from "../jwt/connect_times.ts";
import { JwtError } from "../jwt/json_object.ts";
import { isFromOneOf } from "../jwt/networks.ts";
import { PROXY_REQUIRED, PROXY_REQUIRED_TEXT } from "../proxy_door.ts";
import { REFUSED } from "../secret_check.ts";
import { type IssuerRules, userIn } from "./answer.ts";
import {
  type AskingServer,
  type CalloutQuestion,
  questionAbout,
} from "./question.ts";

/** What a service is asked by. */
export interface AskingWorld {
  /** As it is now. */
  server(): AskingServer;
  /** Publishes a question in `account`, and gives the first answer; undefined: none came in time. */
  ask(
    account: string,
    question: CalloutQuestion,
    timeoutMs: number,
  ): Promise<Uint8Array | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly verifySignature: VerifySignature;
}

/** A service. */
export interface AskedService extends IssuerRules {
  /** Whom questions are for: a public key. */
  readonly audience: string;
  /** The key that it seals by; empty: nothing is sealed. */
  readonly xkey: string;
  readonly timeoutMs: number;
}

/** The user that the service lets in; undefined: no answer came. Rejects with a `JwtError` that says why nobody is let in. */
export async function askedAbout(
  request: LoginRequest,
  service: AskedService,
  world: AskingWorld,
): Promise<UserClaims | undefined> {
  const { clock, random, verifySignature: verify } = world;
  const { account, audience, xkey, timeoutMs } = service;
  const userKey = randomPublicKey("U", random);
  const server = world.server();
  const sealing = xkey === "" ? undefined : await server.keys.sealing();
  const question = questionAbout(request, {
    ...{ server, userKey, sealing, xkey, timeoutMs, random },
    issuer: audience,
    now: clock.now(),
  });
  request.waiting.begins();
  const answer = await world.ask(account, question, timeoutMs);
  if (answer === undefined) {
    request.log.debug(
      `Authorization callout response not received in time on account ${
        quoted(account)
      }`,
    );
    return undefined;
  }
  return userIn(answer, {
    ...{ userKey, sealing, xkey, verify },
    rules: service,
    isProxied: request.proxyKey !== undefined,
    serverId: server.id,
    now: clock.now() / 1000,
  });
}

/** What becomes of a client when its answer was no good; throws on what is no `JwtError`. */
export function refusalFor(error: unknown, log: Logger): LoginRefusal {
  if (!(error instanceof JwtError)) throw error;
  const { message } = error;
  log.warn(`${message.slice(0, 1).toUpperCase()}${message.slice(1)}`);
  return message === PROXY_REQUIRED_TEXT ? PROXY_REQUIRED : REFUSED;
}

/**
 * When the connection of a user ends, in wall-clock milliseconds, Infinity for
 * never; throws unless the user may come by this way, from there, and now.
 */
export function endOf(
  { expiresAt }: Pick<UserClaims, "expiresAt">,
  { connectionTypes, sources, times, timesLocation }: UserRights,
  { connectionType, remote: { host }, log }: LoginRequest,
  { account, now }: { readonly account: string; readonly now: number },
): number {
  const where = `on account ${quoted(account)}`;
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
  const stay = allowedFor(times, timesLocation, now);
  if (stay === undefined) {
    log.error("Outside connect times");
    throw new JwtError(
      `Authorized user ${where} outside of valid connect times`,
    );
  }
  return Math.min(expiresAt === 0 ? Infinity : expiresAt * 1000, now + stay);
}
