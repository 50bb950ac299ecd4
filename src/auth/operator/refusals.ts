/** What a client that is in is told when it may not stay. */
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import type { LoginRefusal } from "../door.ts";

export const EXPIRED: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_EXPIRED,
  wire: WireError.USER_EXPIRED,
};

export const ACCOUNT_EXPIRED: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_EXPIRED,
  wire: WireError.ACCOUNT_EXPIRED,
};

export const REVOKED: LoginRefusal = {
  refused: ClosedReason.CREDENTIALS_REVOKED,
  wire: WireError.USER_REVOKED,
};

/** Its signing key is gone, or has another role: it is told nothing. */
export const NOT_VOUCHED_FOR: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_FAILURE,
  wire: "",
};
