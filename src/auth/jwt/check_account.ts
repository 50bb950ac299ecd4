/** What is wrong with the claims of an account. */
import { isPublicKey } from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import { hasWildcard, isSubsetMatch } from "../../core/subject.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import { checkImports } from "./check_imports.ts";
import type { AccountClaims, ClaimedExport } from "./claims.ts";
import {
  checkMoments,
  checkPermissions,
  checkSubject,
  Issues,
} from "./issues.ts";

const INFO_MAX = 8192;
const FULL_WEIGHT = 100;

/** `now` is in seconds. Tokens of imports are looked into, so it takes `verify`. */
export function checkAccount(
  claims: AccountClaims,
  now: number,
  verify: VerifySignature,
): Issues {
  const issues = new Issues();
  checkMoments(claims, now, issues);
  checkImports(claims, verify, issues);
  checkExports(claims, issues);
  if (claims.limits.hasNamelessTier) {
    issues.error(
      'Tiered JetStream Limits can not contain a blank "" tier name',
    );
  }
  checkPermissions(claims.defaultPermissions, issues);
  checkMappings(claims, issues);
  checkAuthorization(claims, issues);
  checkTrace(claims, issues);
  checkLimits(claims, issues);
  for (const [key, role] of claims.signingKeys) {
    if (isPublicKey(key, "A")) continue;
    issues.error(
      role === undefined
        ? `${quoted(key)} is not a valid account signing key`
        : `${key} is not an account public key`,
    );
  }
  checkInfo(claims, issues);
  const { clusterTraffic } = claims;
  if (!["", "system", "owner"].includes(clusterTraffic)) {
    issues.error(`unknown cluster traffic option: ${quoted(clusterTraffic)}`);
  }
  if (isPublicKey(claims.issuer, "A") && !claims.limits.isEmpty) {
    issues.warn("self-signed account JWTs shouldn't contain operator limits");
  }
  return issues;
}

function checkLimits(
  { limits, imports, exports }: AccountClaims,
  issues: Issues,
): void {
  const { maxImports, maxExports } = limits;
  if (maxImports !== -1 && imports.length > maxImports) {
    issues.error(
      "the account contains more imports than allowed by the operator",
    );
  }
  if (maxExports === -1) return;
  if (exports.length > maxExports) {
    issues.error(
      "the account contains more exports than allowed by the operator",
    );
  }
  if (limits.wildcardExports) return;
  if (exports.some((each) => each !== undefined && hasWildcard(each.subject))) {
    issues.error(
      "the account contains wildcard exports that are not allowed by the operator",
    );
  }
}

function checkExports({ exports }: AccountClaims, issues: Issues): void {
  for (const each of exports) {
    if (each === undefined) issues.error("null export is not allowed");
    else checkExport(each, issues);
  }
  const known = exports.filter((each) => each !== undefined);
  for (const kind of ["service", "stream"] as const) {
    const subjects = known.filter((each) =>
      (each.kind === "service") === (kind === "service")
    ).map(({ subject }) => subject);
    checkOverlaps(kind, subjects, issues);
  }
}

function checkOverlaps(
  kind: string,
  subjects: readonly string[],
  issues: Issues,
): void {
  subjects.forEach((outer, at) => {
    const inner = subjects.find((subject, other) =>
      other !== at && subject !== "" && outer !== "" &&
      isSubsetMatch(subject, outer)
    );
    if (inner === undefined || subjects.indexOf(outer) < at) return;
    issues.error(
      `${kind} export subject ${quoted(outer)} already exports ${
        quoted(inner)
      }`,
    );
  });
}

function checkExport(each: ClaimedExport, issues: Issues): void {
  checkResponses(each, issues);
  const { latency, kind } = each;
  if (latency !== undefined) {
    if (kind !== "service") {
      issues.error("latency tracking only permitted for services");
    }
    const { sampling, results } = latency;
    if (sampling !== "headers" && (sampling < 1 || sampling > FULL_WEIGHT)) {
      issues.error("sampling percentage needs to be between 1-100");
    }
    checkSubject(results, issues);
    if (hasWildcard(results)) {
      issues.error("results subject can not contain wildcards");
    }
  }
  if (each.thresholdNs < 0) {
    issues.error("negative response threshold is invalid");
  }
  if (each.thresholdNs > 0 && kind !== "service") {
    issues.error("response threshold only valid for services");
  }
  checkSubject(each.subject, issues);
  if (each.accountTokenPosition > 0) checkPosition(each, issues);
  checkInfo(each, issues);
}

const RESPONSE_TYPES = ["", "Singleton", "Stream", "Chunked"];

function checkResponses(each: ClaimedExport, issues: Issues): void {
  const { kind, responseType } = each;
  if (kind === "unknown") issues.error('invalid export type: "unknown"');
  if (kind === "service" && !RESPONSE_TYPES.includes(responseType)) {
    issues.error(`invalid response type for service: ${quoted(responseType)}`);
  }
  if (kind !== "stream") return;
  if (responseType !== "") {
    issues.error(`invalid response type for stream: ${quoted(responseType)}`);
  }
  if (each.allowTrace) issues.error("AllowTrace only valid for service export");
}

function checkPosition(
  { subject, accountTokenPosition: position }: ClaimedExport,
  issues: Issues,
): void {
  const tokens = subject.split(".");
  const name = "Account Token Position";
  if (!hasWildcard(subject)) {
    issues.error(`${name} can only be used with wildcard subjects: ${subject}`);
  } else if (position > tokens.length) {
    issues.error(`${name} ${position} exceeds length of subject '${subject}'`);
  } else if (tokens[position - 1] !== "*") {
    issues.error(
      `${name} ${position} matches '${
        tokens[position - 1]
      }' but must match a * in: ${subject}`,
    );
  }
}

function checkMappings({ mappings }: AccountClaims, issues: Issues): void {
  for (const [source, destinations] of mappings) {
    checkSubject(source, issues);
    const totals = new Map<string, number>();
    for (const { subject, weight, cluster } of destinations) {
      checkSubject(subject, issues);
      if (weight > FULL_WEIGHT) {
        issues.error(
          `Mapping ${quoted(source)} has a weight ${weight} that exceeds 100`,
        );
      }
      const total = (totals.get(cluster) ?? 0) + (weight || FULL_WEIGHT);
      totals.set(cluster, total);
      if (cluster === "" || total <= FULL_WEIGHT) continue;
      const where = `in cluster ${quoted(cluster)} `;
      issues.error(tooHeavy(source, where));
    }
    if ((totals.get("") ?? 0) > FULL_WEIGHT) {
      issues.error(tooHeavy(source, ""));
    }
  }
}

function tooHeavy(source: string, where: string): string {
  return `Mapping ${
    quoted(source)
  } ${where}exceeds 100% among all of it's weighted to mappings`;
}

function checkAuthorization(
  { authorization: { authUsers, allowedAccounts, xkey } }: AccountClaims,
  issues: Issues,
): void {
  if (allowedAccounts.length > 0 && authUsers.length === 0) {
    issues.error(
      "External authorization cannot have accounts without users specified",
    );
  }
  for (const user of authUsers) {
    if (isPublicKey(user, "U")) continue;
    issues.error(`AuthUser ${quoted(user)} is not a valid user public key`);
  }
  for (const account of allowedAccounts) {
    if (account === "*" && allowedAccounts.length === 1) continue;
    if (account === "*") {
      issues.error('AllowedAccounts can only be a list of accounts or "*"');
    } else if (!isPublicKey(account, "A")) {
      issues.error(
        `Account ${quoted(account)} is not a valid account public key`,
      );
    }
  }
  if (xkey !== "" && !isPublicKey(xkey, "X")) {
    issues.error(`XKey ${quoted(xkey)} is not a valid public xkey`);
  }
}

function checkTrace({ trace }: AccountClaims, issues: Issues): void {
  if (trace === undefined) return;
  const { destination, sampling } = trace;
  const found = new Issues();
  checkSubject(destination, found);
  const [first] = found.list;
  if (first !== undefined) {
    issues.error(`the account Trace.Destination ${first.text}`);
  }
  if (hasWildcard(destination)) {
    issues.error(
      `the account Trace.Destination subject ${
        quoted(destination)
      } is not a valid publish subject`,
    );
  }
  if (sampling < 0 || sampling > FULL_WEIGHT) {
    issues.error(
      `the account Trace.Sampling value '${sampling}' is not valid, should be in the range [1..100]`,
    );
  }
}

function checkInfo(
  { description, infoUrl }: Pick<ClaimedExport, "description" | "infoUrl">,
  issues: Issues,
): void {
  if (description.length > INFO_MAX) issues.error("Description is too long");
  if (infoUrl === "") return;
  if (infoUrl.length > INFO_MAX) issues.error("Info URL is too long");
  const fault = urlFault(infoUrl);
  if (fault !== "") issues.error(`error parsing info url: ${fault}`);
}

/** As Go finds fault with it. */
function urlFault(url: string): string {
  if (url.startsWith(":")) {
    return `parse ${quoted(url)}: missing protocol scheme`;
  }
  return /^[a-z][a-z0-9+.-]*:\/\/[^/:?#]/i.test(url)
    ? ""
    : "no hostname or scheme";
}
