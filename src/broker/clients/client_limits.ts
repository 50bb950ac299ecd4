/**
 * What a client may do in numbers: the smallest of what the server, the client's
 * account and its user say.
 */
import type { PrincipalLimits } from "../../auth/door.ts";
import type { AccountLimits } from "../../options/options.ts";
import type { ClientSettings } from "./client_host.ts";

export interface ClientLimits {
  readonly maxPayloadBytes: number;
  /** Infinity: none. */
  readonly maxSubscriptions: number;
}

type ServerLimits = Pick<
  ClientSettings,
  "maxPayloadBytes" | "maxSubscriptions"
>;

/** Notes with `overruled` where the server allows less than the account or the user does. */
export function clientLimits(
  server: ServerLimits,
  account: AccountLimits,
  user: PrincipalLimits | undefined,
  overruled: (text: string) => void,
): ClientLimits {
  const smallest = (what: string, limit: number, ...others: number[]) => {
    const other = Math.min(...others.map((max) => max < 0 ? Infinity : max));
    if (limit < other && other !== Infinity) {
      overruled(
        `${what} set to ${limit} from server overrides account or user config`,
      );
    }
    return Math.min(limit, other);
  };
  return {
    maxPayloadBytes: smallest(
      "Max Payload",
      server.maxPayloadBytes,
      account.maxPayloadBytes,
      user?.maxPayloadBytes ?? -1,
    ),
    maxSubscriptions: smallest(
      "Max Subscriptions",
      server.maxSubscriptions || Infinity,
      account.maxSubscriptions,
      user?.maxSubscriptions ?? -1,
    ),
  };
}
