/** The doors of a broker, as its options ask for them. */
import { type DoorPlatform, makeDoorInSteps } from "../auth/configured_door.ts";
import type { Door } from "../auth/door.ts";
import { ProxyDoor } from "../auth/proxy_door.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import type { Steps } from "../core/steps.ts";
import type { ServerOptions } from "../options/options.ts";
import type { AuthService } from "./auth_service.ts";

/** The door that `options` ask for without an operator, in steps: there may be many users. */
export function* clientDoor(
  options: ServerOptions,
  platform: DoorPlatform,
  authService: AuthService,
): Steps<Door> {
  const inside = yield* makeDoorInSteps(
    {
      authorization: options.authorization,
      accounts: options.accounts,
      account: GLOBAL_ACCOUNT,
      systemAccount: options.systemAccount,
      noAuthUser: options.noAuthUser,
      tls: options.tls,
      mapsCertificates: options.tls?.verifyAndMap ?? false,
      ...(options.trust !== undefined && { trust: options.trust }),
    },
    platform,
    authService,
  );
  return proxied(inside, options, platform);
}

/** `inside`, behind the proxies of `options`. */
export function proxied(
  inside: Door,
  { proxies, authorization }: ServerOptions,
  platform: DoorPlatform,
): Door {
  return new ProxyDoor(inside, {
    trustedKeys: proxies?.trustedKeys ?? [],
    isRequired: authorization?.proxyRequired ?? false,
  }, platform);
}
