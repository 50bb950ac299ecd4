/** What the log calls a peer that was not let in. */
import { isAnyPublicKey } from "../core/key_text.ts";
import { quoted } from "../core/quote.ts";
import { REDACTED } from "../core/redact.ts";
import type { Credentials } from "./door.ts";

/** Who a peer says that it is; empty: it says nothing of it. */
export function claimedName(
  { nkey, user, auth_token }: Credentials,
): string {
  // What is no public key may be a seed, or a password in the wrong field.
  if (nkey !== "") {
    return `Nkey ${quoted(isAnyPublicKey(nkey) ? nkey : REDACTED)}`;
  }
  if (user !== "") return `User ${quoted(user)}`;
  return auth_token === "" ? "" : `Token ${quoted(REDACTED)}`;
}
