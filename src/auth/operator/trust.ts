/**
 * Whom a server in operator mode trusts: its operators, with their signing keys,
 * and what they ask of the server.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { isPublicKey } from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import { NATS_VERSION } from "../../core/version.ts";
import type { TrustOptions } from "../../options/options.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type { OperatorClaims } from "../jwt/claims.ts";
import { decodeOperatorJwt, decodeUserJwt } from "../jwt/decode.ts";

export interface Trust {
  readonly operators: readonly OperatorClaims[];
  /** By the keys that may sign accounts: whether those have to use signing keys for their users. */
  readonly issuers: ReadonlyMap<string, boolean>;
  /** Empty: there is none. */
  readonly systemAccount: string;
  /** Undefined: users of all accounts come in. */
  readonly pinnedAccounts: ReadonlySet<string> | undefined;
  /** Empty: there is none. */
  readonly defaultSentinel: string;
}

/** Throws an `InvalidArgumentError` with nats-server's text for trust that makes no sense. */
export function readTrust(
  options: TrustOptions,
  configuredSystem: string,
  verify: VerifySignature,
): Trust {
  const operators = options.operators.map((text) => readOperator(text, verify));
  if (operators.length > 0 && options.trustedKeys.length > 0) {
    throw new InvalidArgumentError(
      "conflicting options for 'TrustedKeys' and 'TrustedOperators'",
    );
  }
  const problem = operators.map(versionProblem).find((text) => text !== "") ??
    sentinelProblem(options.defaultSentinel, operators.length > 0, verify);
  if (problem !== "") throw new InvalidArgumentError(problem);
  const systemAccount = systemOf(operators, configuredSystem);
  return {
    operators,
    issuers: issuersOf(operators, options.trustedKeys),
    systemAccount,
    pinnedAccounts: pinnedOf(options.pinnedAccounts, systemAccount),
    defaultSentinel: options.defaultSentinel,
  };
}

function readOperator(text: string, verify: VerifySignature): OperatorClaims {
  try {
    return decodeOperatorJwt(text, verify);
  } catch (error) {
    const reason = (error as Error).message;
    throw new InvalidArgumentError(`error parsing operator JWT: ${reason}`);
  }
}

function issuersOf(
  operators: readonly OperatorClaims[],
  trustedKeys: readonly string[],
): Map<string, boolean> {
  const issuers = new Map<string, boolean>();
  for (const { subject, signingKeys, strictSigningKeyUsage } of operators) {
    if (!strictSigningKeyUsage) issuers.set(subject, false);
    for (const key of signingKeys) issuers.set(key, strictSigningKeyUsage);
  }
  for (const key of trustedKeys) issuers.set(key, false);
  for (const key of issuers.keys()) {
    if (isPublicKey(key, "O")) continue;
    throw new InvalidArgumentError(
      `trusted Keys ${
        quoted(key)
      } are required to be a valid public operator nkey`,
    );
  }
  return issuers;
}

function systemOf(
  operators: readonly OperatorClaims[],
  configured: string,
): string {
  const claimed = operators.map(({ systemAccount }) => systemAccount)
    .filter((account) => account !== "");
  if (configured === "") return operators[0]?.systemAccount ?? "";
  if (claimed.length > 0 && !claimed.includes(configured)) {
    throw new InvalidArgumentError(
      "system_account in config and operator JWT must be identical",
    );
  }
  return configured;
}

function pinnedOf(
  pinned: readonly string[] | undefined,
  systemAccount: string,
): Set<string> | undefined {
  if (pinned === undefined) return undefined;
  const wrong = pinned.find((key) => !isPublicKey(key, "A"));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `pinned account key ${quoted(wrong)} is not a valid public account nkey`,
    );
  }
  return new Set([...pinned, systemAccount]);
}

/** Why a JWT cannot be that of clients without one; empty: it can, or there is none. */
export function sentinelProblem(
  text: string,
  hasOperators: boolean,
  verify: VerifySignature,
): string {
  if (text === "") return "";
  if (!hasOperators) return "default sentinel requires operators and accounts";
  try {
    const { rights, issuerAccount, hasNoRights } = decodeUserJwt(text, verify);
    // Whether a role makes it a bearer is not known before its account is.
    const isBearer = rights.isBearer || issuerAccount !== "" && hasNoRights;
    return isBearer ? "" : "default sentinel must be a bearer token";
  } catch {
    return "default sentinel JWT not valid";
  }
}

/** Why an operator does not want this server, which speaks as a nats-server of some version; empty: it does. */
export function versionProblem(
  { subject, assertServerVersion: asserted }: OperatorClaims,
): string {
  if (asserted === "") return "";
  const wanted = /^(\d+)\.(\d+)\.(\d+)$/.exec(asserted)?.slice(1).map(Number);
  if (wanted === undefined) {
    return `operator ${subject} expects version ${asserted} got error instead: ` +
      versionFault(asserted);
  }
  const own = NATS_VERSION.split(".").map(Number);
  for (const [at, name] of ["major", "minor", "update"].entries()) {
    const [asked, given] = [wanted[at]!, own[at]!];
    if (asked > given) {
      return `operator ${subject} expected ${name} version ${asked} > server ${name} version ${given}`;
    }
    if (asked < given) return "";
  }
  return "";
}

function versionFault(version: string): string {
  const parts = version.split(".");
  if (parts.length !== 3) {
    return "asserted server version must be of the form <major>.<minor>.<update>";
  }
  const wrong = parts.find((part) => !/^[+-]?\d+$/.test(part));
  return wrong === undefined
    ? `asserted server version can'b contain negative values: ${version}`
    : `asserted server version cant parse ${wrong} to int`;
}
