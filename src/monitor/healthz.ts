/**
 * `/healthz`: whether the server takes connections. In lame duck mode it does
 * not, which is how a load balancer learns to send clients elsewhere.
 */
import { boolParam, textParam } from "../http/go_params.ts";
import type { Page } from "./page.ts";
import type { Healthz } from "./page_types.ts";
import type { ReadinessFacts } from "./snapshot.ts";

/** Parameters about JetStream: nothing to check without it, but they are read. */
/** Checks of JetStream and of leaf nodes, which Midge has not. */
const ABSENT_FLAGS: readonly string[] = [
  "js-enabled",
  "js-enabled-only",
  "js-server-only",
  "js-meta-only",
  "leaf-remotes-connected",
];

interface Failure {
  readonly status: number;
  readonly type: string;
  readonly error: string;
}

/** What the page shows, and the status of HTTP that it comes with. */
export interface Health {
  readonly status: number;
  readonly page: Healthz;
}

interface HealthQuery {
  readonly withDetails: boolean;
  /** What is wrong with the query itself; it is told like other failures. */
  readonly misuse: Failure | undefined;
}

export const healthz: Page<HealthQuery, "readiness", Health> = {
  read(params) {
    for (const name of ABSENT_FLAGS) boolParam(params, name);
    return {
      withDetails: boolParam(params, "details"),
      misuse: misuseOf(params),
    };
  },
  wants: () => ({ readiness: true }),
  show({ readiness }, { withDetails, misuse }) {
    const failure = misuse ?? notReady(readiness);
    if (failure === undefined) return { status: 200, page: { status: "ok" } };
    const { status, type, error } = failure;
    const what = withDetails ? { errors: [{ type, error }] } : { error };
    return { status, page: { status: "error", ...what } };
  },
};

/** A stream is part of an account, a consumer part of a stream. */
function misuseOf(query: URLSearchParams): Failure | undefined {
  const lacks = (whole: string, part: string): boolean =>
    textParam(query, part) !== "" && textParam(query, whole) === "";
  if (lacks("account", "stream")) return missing("account", "stream");
  if (lacks("stream", "consumer")) return missing("stream", "consumer");
  return undefined;
}

function missing(whole: string, part: string): Failure {
  return {
    status: 400,
    type: "BAD_REQUEST",
    error: `"${whole}" must not be empty when checking ${part} health`,
  };
}

function notReady(readiness: ReadinessFacts): Failure | undefined {
  // There is nothing but a registry, whose port is open by now.
  if (readiness.isRegistryOnly) return undefined;
  const closed: string[] = [];
  if (!readiness.acceptsClients) closed.push("server");
  if (!readiness.acceptsRoutes) closed.push("route");
  if (closed.length === 0) return undefined;
  return {
    status: 500,
    type: "CONNECTION",
    error: `failed to be ready for connections after 1ms: ${closed.join(", ")}`,
  };
}
