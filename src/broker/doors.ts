/** The doors of a broker, as its options ask for them. */
import { makeDoorInSteps } from "../auth/configured_door.ts";
import type { DoorPlatform } from "../auth/users_door.ts";
import type { Door } from "../auth/door.ts";
import { ProxyDoor } from "../auth/proxy_door.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import type { Steps } from "../core/steps.ts";
import type { ServerOptions, WebSocketOptions } from "../options/options.ts";
import type { AuthService } from "./auth_service.ts";
import type { ClientDoors } from "./clients/client_host.ts";

/** The doors that `options` ask for without an operator, in steps: there may be many users. */
export function* clientDoors(
  options: ServerOptions,
  platform: DoorPlatform,
  authService: AuthService,
): Steps<ClientDoors> {
  const port = yield* clientDoor(options, platform, authService);
  const { websocket } = options;
  if (websocket === undefined || !hasOwnLogins(websocket)) {
    return { port, websocket: port };
  }
  const own = loginsThrough(websocket, options);
  return { port, websocket: yield* clientDoor(own, platform, authService) };
}

/** NATS: any of these is in place of the one user, and the token, of the server. */
export function hasOwnLogins(options: WebSocketOptions | undefined): boolean {
  const { authorization, noAuthUser } = options ?? {};
  return Boolean(authorization?.user || authorization?.token || noAuthUser);
}

/** `options` as they hold for WebSockets. */
function loginsThrough(
  { authorization, noAuthUser }: WebSocketOptions,
  options: ServerOptions,
): ServerOptions {
  const { user: _u, password: _p, token: _t, ...others } =
    options.authorization ?? { users: [], timeoutMs: undefined };
  const { user, password, token } = authorization ?? {};
  return {
    ...options,
    noAuthUser,
    authorization: {
      ...others,
      ...(user && { user, password: password ?? "" }),
      ...(token && { token }),
    },
  };
}

function* clientDoor(
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
      mapsCertificates: [options.tls, options.websocket?.tls]
        .some((tls) => tls?.verifyAndMap),
      ...(options.trust !== undefined && { trust: options.trust }),
    },
    platform,
    authService,
  );
  return proxied(inside, options, platform);
}

/** An operator's users are the same for all ways in. */
export function operatorDoors(
  { door }: { readonly door: Door },
  options: ServerOptions,
  platform: DoorPlatform,
): ClientDoors {
  const port = proxied(door, options, platform);
  return { port, websocket: port };
}

/** `inside`, behind the proxies of `options`. */
function proxied(
  inside: Door,
  { proxies, authorization }: ServerOptions,
  platform: DoorPlatform,
): Door {
  return new ProxyDoor(inside, {
    trustedKeys: proxies?.trustedKeys ?? [],
    isRequired: authorization?.proxyRequired ?? false,
  }, platform);
}
