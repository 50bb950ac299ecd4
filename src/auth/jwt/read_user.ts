/** Rights of users, as JWTs of users and roles of signing keys state them. */
import type { ClaimedPermissions, ClaimedRules, UserRights } from "./claims.ts";
import type { JsonObject } from "./json_object.ts";

/** Limits are `absent` where nothing is said of them. */
export function readRights(nats: JsonObject, absent: number): UserRights {
  return {
    ...readPermissions(nats),
    maxSubscriptions: nats.integer("subs", absent),
    maxPayloadBytes: nats.integer("payload", absent),
    sources: readSources(nats),
    times: nats.objects("times").map((range) => ({
      start: range?.text("start") ?? "",
      end: range?.text("end") ?? "",
    })),
    timesLocation: nats.text("times_location"),
    isBearer: nats.flag("bearer_token"),
    needsProxy: nats.flag("proxy_required"),
    connectionTypes: nats.texts("allowed_connection_types") ?? [],
  };
}

/** Whether nothing at all is said of rights: not even an empty list, as in Go. */
export function saysNothing(nats: JsonObject): boolean {
  const lists = ["src", "times", "allowed_connection_types", "resp"];
  return !lists.some((name) => nats.has(name)) &&
    ["pub", "sub"].every((name) => {
      const rules = nats.object(name);
      return !rules.has("allow") && !rules.has("deny");
    }) &&
    ["subs", "data", "payload"].every((name) => nats.integer(name) === 0) &&
    !nats.flag("bearer_token") && !nats.flag("proxy_required") &&
    nats.text("times_location") === "";
}

export function readPermissions(nats: JsonObject): ClaimedPermissions {
  const responses = nats.object("resp");
  return {
    publish: readRules(nats.object("pub")),
    subscribe: readRules(nats.object("sub")),
    responses: nats.has("resp")
      ? {
        maxMessages: responses.integer("max"),
        expiresNs: responses.integer("ttl"),
      }
      : undefined,
  };
}

function readRules(rules: JsonObject): ClaimedRules {
  return { allow: rules.texts("allow"), deny: rules.texts("deny") };
}

/** A list, or the list in one text. */
function readSources(nats: JsonObject): string[] {
  if (!nats.has("src")) return [];
  try {
    return nats.texts("src") ?? [];
  } catch {
    const sources = nats.text("src").toLowerCase().split(",");
    return [...new Set(sources.map((each) => each.trim()))]
      .filter((each) => each !== "");
  }
}
