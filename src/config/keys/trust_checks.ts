/**
 * Whether what a configuration says of operators makes sense: their JWTs, which
 * may stand in files, those of accounts, and what else the configuration has.
 */
import { decodeAccountJwt, decodeOperatorJwt } from "../../auth/jwt/decode.ts";
import { sentinelProblem, versionProblem } from "../../auth/operator/trust.ts";
import type { OperatorClaims } from "../../auth/jwt/claims.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { ServerOptions, TrustOptions } from "../../options/options.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type { ConfigWorld } from "../dialect/world.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import { warnOfNoEffect } from "./complaints.ts";
import { findEntry } from "./entries.ts";
import { TRUST_KEYS } from "./trust_keys.ts";

/** Reads the files of operators into `options`, and says what is wrong. */
export function* checkTrust(
  options: ServerOptions,
  root: ConfigMap,
  world: ConfigWorld | undefined,
  report: Report,
): Steps<void> {
  const { trust } = options;
  if (trust === undefined) return;
  if (trust.operators.length === 0 && trust.trustedKeys.length === 0) {
    warnWithoutOperator(trust, root, report);
    delete options.trust;
    return;
  }
  const check = new TrustCheck(options, root, report);
  check.conflicts();
  const operators = readOperators(trust, world);
  options.trust = {
    ...trust,
    operators: operators.flatMap(({ jwt }) => jwt ?? []),
  };
  for (const { problem } of operators) {
    if (problem !== undefined) check.refuse("operator", problem);
  }
  if (world?.verifySignature === undefined) return;
  yield* check.jwts(options.trust, world.verifySignature);
}

/** Accounts without anybody to trust are none. */
function warnWithoutOperator(
  { resolver, pinnedAccounts, defaultSentinel }: TrustOptions,
  root: ConfigMap,
  report: Report,
): void {
  const sentinel = entryOf(root, "default_sentinel");
  if (defaultSentinel !== "" && sentinel !== undefined) {
    report.error(
      sentinel.at,
      "default sentinel requires operators and accounts",
    );
  }
  const idle = [
    resolver && entryOf(root, "resolver"),
    entryOf(root, "resolver_preload"),
    pinnedAccounts && entryOf(root, "resolver_pinned_accounts"),
  ];
  for (const entry of idle) {
    if (entry === undefined) continue;
    warnOfNoEffect(entry, "there is no operator", report);
  }
}

/** The entry of a key of trust, under whichever of its names. */
function entryOf(root: ConfigMap, name: string): ConfigEntry | undefined {
  const row = TRUST_KEYS.find(({ names }) => names[0] === name);
  return row && findEntry(root, ...row.names);
}

interface ReadOperator {
  readonly jwt?: string;
  readonly problem?: string;
}

function readOperators(
  { operators }: TrustOptions,
  world: ConfigWorld | undefined,
): ReadOperator[] {
  return operators.map((text) => {
    // NATS: this is how the header of every JWT begins; anything else is a file.
    if (text.startsWith("eyJ")) return { jwt: text };
    if (world === undefined) {
      return { problem: "a file cannot be read here" };
    }
    try {
      return { jwt: undecorated(world.readFile(text)) };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const DECORATED = /-{3,}[^\n]*-{3,}\r?\n([\w.\-\s]+?)\r?\n-{3,}[^\n]*-{3,}/;

/** The JWT of a file, between lines of dashes or alone. */
function undecorated(text: string): string {
  return (DECORATED.exec(text)?.[1] ?? text).trim();
}

/** JWTs that take as long to check as a step. */
const JWTS_PER_STEP = 4;

class TrustCheck {
  readonly #options: ServerOptions;
  readonly #root: ConfigMap;
  readonly #report: Report;

  constructor(options: ServerOptions, root: ConfigMap, report: Report) {
    this.#options = options;
    this.#root = root;
    this.#report = report;
  }

  /** Says what is wrong with an operator, or with another key of trust. */
  refuse(key: "operator", problem: string): void {
    const at = entryOf(this.#root, key)?.at ?? this.#root.at;
    this.#report.error(at, `error parsing operator JWT: ${problem}`);
  }

  /** What an operator's server may not have. */
  conflicts(): void {
    const { authorization, accounts, noAuthUser } = this.#options;
    const who = this.#options.trust?.operators.length === 0
      ? "trusted keys"
      : "operators";
    const { user, token, users = [], authCallout } = authorization ?? {};
    if (user || token || users.length > 0) {
      this.#error(
        "authorization",
        `${who} do not allow users to be configured directly`,
      );
    }
    if (accounts.length > 0) {
      this.#error(
        "accounts",
        `${who} do not allow Accounts to be configured directly`,
      );
    }
    if (authCallout !== undefined) {
      this.#error(
        "authorization",
        `${who} do not allow authorization callouts to be configured directly`,
      );
    }
    if (noAuthUser !== "") {
      this.#error(
        "no_auth_user",
        "no_auth_user not compatible with Trusted Operator",
      );
    }
    this.#checkSources();
  }

  #checkSources(): void {
    const { operators = [], trustedKeys = [], resolver } =
      this.#options.trust ?? {};
    if (operators.length > 0 && trustedKeys.length > 0) {
      this.#error(
        "trusted_keys",
        "conflicting options for 'TrustedKeys' and 'TrustedOperators'",
      );
    }
    if (resolver !== undefined || operators.length === 1) return;
    this.#error(
      operators.length > 0 ? "operator" : "trusted_keys",
      "operators require an account resolver to be configured",
    );
  }

  #error(key: string, text: string): void {
    const entry = entryOf(this.#root, key) ?? findEntry(this.#root, key);
    this.#report.error(entry?.at ?? this.#root.at, text);
  }

  /** The JWTs of operators and accounts. */
  *jwts(trust: TrustOptions, verify: VerifySignature): Steps<void> {
    let hasSystem = findEntry(this.#root, "system_account", "system") !==
      undefined;
    for (const jwt of trust.operators) {
      try {
        const claims = decodeOperatorJwt(jwt, verify);
        this.#operator(claims);
        hasSystem ||= claims.systemAccount !== "";
      } catch (error) {
        this.refuse("operator", messageOf(error));
        return;
      }
    }
    this.#checkResolver(trust, hasSystem);
    const { defaultSentinel, operators } = trust;
    const problem = sentinelProblem(
      defaultSentinel,
      operators.length > 0,
      verify,
    );
    if (problem !== "") this.#error("default_sentinel", problem);
    yield* forEachInSteps(trust.preload, JWTS_PER_STEP, ([account, jwt]) => {
      if (accountOf(jwt, verify) === account) return;
      this.#report.error(this.#preloadAt(account), "invalid account JWT");
    });
  }

  #checkResolver({ resolver, preload }: TrustOptions, hasSystem: boolean) {
    const keepsFiles = resolver !== undefined && "folder" in resolver;
    if (keepsFiles && !hasSystem) {
      this.#error(
        "resolver",
        "using nats based account resolver - the system account needs to be " +
          "specified in configuration or the operator jwt",
      );
    }
    if (resolver?.kind === "url" && preload.size > 0) {
      this.#error(
        "resolver_preload",
        "resolver preloads only available for writeable resolver types " +
          "MEM/DIR/CACHE_DIR",
      );
    }
  }

  #preloadAt(account: string): ConfigEntry["at"] {
    const preload = entryOf(this.#root, "resolver_preload");
    const jwts = preload?.value.kind === "map" ? preload.value : undefined;
    return jwts?.entries.get(account)?.at ?? preload?.at ?? this.#root.at;
  }

  #operator(claims: OperatorClaims): void {
    const problem = versionProblem(claims);
    if (problem !== "") this.#error("operator", problem);
    const { systemAccount } = claims;
    const entry = findEntry(this.#root, "system_account", "system");
    if (entry === undefined || systemAccount === "") return;
    if (this.#options.systemAccount === systemAccount) return;
    this.#report.error(
      entry.at,
      "system_account in config and operator JWT must be identical",
    );
  }
}

/** The key of the account that a JWT is about. */
function accountOf(jwt: string, verify: VerifySignature): string | undefined {
  try {
    return decodeAccountJwt(jwt, verify).subject;
  } catch {
    return undefined;
  }
}
