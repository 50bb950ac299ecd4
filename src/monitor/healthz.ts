/**
 * `/healthz`: whether the server takes connections, and can read all of its
 * streams. In lame duck mode it takes none, which is how a load balancer learns to
 * send clients elsewhere.
 */
import { boolParam, textParam } from "../http/go_params.ts";
import type { Page } from "./page.ts";
import type { Healthz, HealthzError } from "./page_types.ts";
import type { ReadinessFacts } from "./snapshot.ts";
import type { StreamFault, StreamHealthRequest } from "./stream_facts.ts";

/** Checks of what Midge has not: a group of servers that votes, and leaf nodes. */
const ABSENT_FLAGS: readonly string[] = [
  "js-meta-only",
  "leaf-remotes-connected",
];

/** That there is JetStream is enough: no stream is looked at. */
const SERVER_FLAGS: readonly string[] = [
  "js-enabled",
  "js-enabled-only",
  "js-server-only",
];

interface Failure {
  readonly status: number;
  readonly word: "error" | "unavailable";
  /** NATS monitoring: type, what it is of, and the text. */
  readonly rows: readonly HealthzError[];
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
  readonly asksStreams: boolean;
  readonly streams: StreamHealthRequest;
}

export const healthz: Page<
  HealthQuery,
  "readiness" | "streamHealth",
  Health
> = {
  read(params) {
    for (const name of ABSENT_FLAGS) boolParam(params, name);
    const skips = SERVER_FLAGS.map((name) => boolParam(params, name));
    return {
      withDetails: boolParam(params, "details"),
      misuse: misuseOf(params),
      asksStreams: !skips.includes(true),
      streams: {
        account: textParam(params, "account"),
        stream: textParam(params, "stream"),
        consumer: textParam(params, "consumer"),
      },
    };
  },
  wants: ({ streams }) => ({ readiness: true, streamHealth: streams }),
  show({ readiness, streamHealth = [] }, query) {
    const failure = query.misuse ?? notReady(readiness) ??
      (query.asksStreams ? faultIn(streamHealth) : undefined);
    if (failure === undefined) return { status: 200, page: { status: "ok" } };
    const { status, word, rows } = failure;
    const page: Healthz = query.withDetails
      ? { status: "error", errors: [...rows] }
      : { status: word, error: rows[0]!.error };
    return { status, page };
  },
};

/** What is wrong with streams; without `details` the first of it is told. */
function faultIn(faults: readonly StreamFault[]): Failure | undefined {
  if (faults.length === 0) return undefined;
  return {
    status: faults.some(({ isMissing }) => isMissing) ? 404 : 503,
    word: "unavailable",
    rows: faults.map(({ type, account, stream, consumer, error }) => ({
      type,
      account,
      stream,
      consumer,
      error,
    })),
  };
}

/** A stream is part of an account, a consumer part of a stream. */
function misuseOf(query: URLSearchParams): Failure | undefined {
  const lacks = (whole: string, part: string): boolean =>
    textParam(query, part) !== "" && textParam(query, whole) === "";
  if (lacks("account", "stream")) return missing("account", "stream");
  if (lacks("stream", "consumer")) return missing("stream", "consumer");
  return undefined;
}

function missing(whole: string, part: string): Failure {
  return failed(
    400,
    "BAD_REQUEST",
    `"${whole}" must not be empty when checking ${part} health`,
  );
}

function notReady(readiness: ReadinessFacts): Failure | undefined {
  // There is nothing but a registry, whose port is open by now.
  if (readiness.isRegistryOnly) return undefined;
  const closed: string[] = [];
  if (!readiness.acceptsClients) closed.push("server");
  if (!readiness.acceptsRoutes) closed.push("route");
  if (closed.length === 0) return undefined;
  return failed(
    500,
    "CONNECTION",
    `failed to be ready for connections after 1ms: ${closed.join(", ")}`,
  );
}

function failed(status: number, type: string, error: string): Failure {
  return { status, word: "error", rows: [{ type, error }] };
}
