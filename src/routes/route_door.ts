/** The door before the routes, as the options of the cluster ask for it. */
import { makeDoor } from "../auth/configured_door.ts";
import type { DoorPlatform } from "../auth/users_door.ts";
import type { Door } from "../auth/door.ts";
import { NodeDoor } from "../auth/node_door.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import type { ClusterOptions } from "../options/options.ts";

export function routeDoor(
  { authorization, tls, routes }: ClusterOptions,
  platform: DoorPlatform,
): Door {
  if (tls?.verifyAndMap || tls?.checkKnownUrls) {
    return new NodeDoor({
      authorization: tls.verifyAndMap ? authorization : undefined,
      hosts: tls.checkKnownUrls ? routes.map(({ host }) => host) : [],
      account: GLOBAL_ACCOUNT,
    });
  }
  return makeDoor({
    authorization,
    accounts: [],
    account: GLOBAL_ACCOUNT,
    systemAccount: "",
    noAuthUser: "",
  }, platform);
}

/** Whether another door has to stand there, and all that came in are looked at again. */
export function needsOtherDoor(
  before: ClusterOptions,
  after: ClusterOptions,
): boolean {
  return JSON.stringify(factsOf(before)) !== JSON.stringify(factsOf(after));
}

function factsOf({ authorization, tls, routes }: ClusterOptions): unknown {
  const { verifyAndMap = false, checkKnownUrls = false } = tls ?? {};
  const hosts = checkKnownUrls ? routes.map(({ host }) => host) : [];
  return { authorization, verifyAndMap, checkKnownUrls, hosts };
}
