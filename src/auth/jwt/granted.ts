/** What a user's JWT grants whom it lets in, be it the user's own or a service's answer. */
import type { PermissionsOptions } from "../../options/options.ts";
import type { Principal } from "../door.ts";
import type { UserRights } from "./claims.ts";

/** `end` is when the connection has to end, Infinity for never. */
export function granted(
  { maxSubscriptions, maxPayloadBytes }: UserRights,
  permissions: PermissionsOptions | undefined,
  end: number,
): Pick<Principal, "permissions" | "limits" | "expiresAt"> {
  return {
    ...(permissions !== undefined && { permissions }),
    limits: { maxSubscriptions, maxPayloadBytes },
    ...(end !== Infinity && { expiresAt: end }),
  };
}
