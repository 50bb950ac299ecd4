/** What is wrong with the claims of a user. */
import { isPublicKey } from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import type { UserClaims, UserRights } from "./claims.ts";
import { timeOfDay, zoneFault } from "./connect_times.ts";
import { checkMoments, checkPermissions, Issues } from "./issues.ts";
import { isNetwork } from "./networks.ts";

/** `now` is in seconds. */
export function checkUser(claims: UserClaims, now: number): Issues {
  const issues = new Issues();
  checkMoments(claims, now, issues);
  checkPermissions(claims.rights, issues);
  checkLimits(claims.rights, issues);
  const { issuerAccount } = claims;
  if (issuerAccount !== "" && !isPublicKey(issuerAccount, "A")) {
    issues.error("account_id is not an account public key");
  }
  return issues;
}

function checkLimits(
  { sources, times, timesLocation }: UserRights,
  issues: Issues,
): void {
  for (const source of sources) {
    if (isNetwork(source)) continue;
    issues.error(`invalid cidr ${quoted(source)} in user src limits`);
  }
  for (const { start, end } of times) {
    checkTimeOfDay("start", "a start", start, issues);
    checkTimeOfDay("end", "an end", end, issues);
  }
  const fault = zoneFault(timesLocation);
  if (fault !== undefined) {
    issues.error(`could not parse iana time zone by name: ${fault}`);
  }
}

function checkTimeOfDay(
  name: string,
  what: string,
  text: string,
  issues: Issues,
): void {
  if (text === "") {
    issues.error(`time ranges ${name} must contain ${what}`);
  } else if (timeOfDay(text) === undefined) {
    issues.error(`${name} in time range is invalid ${quoted(text)}`);
  }
}
