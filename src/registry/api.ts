/**
 * What the registry does over HTTP: nodes announce themselves and withdraw,
 * and anybody reads the list, waits for the next one, or has each one sent.
 *
 *     PUT    /v1/nodes/<id>      JSON of a node, and `ttl` in milliseconds
 *     DELETE /v1/nodes/<id>
 *     GET    /v1/nodes           the list; also GET /discoveryz
 *            ?index=N&wait=55s   once it is another than that of the index N
 *     GET    /discoveryz/stream  each list, as server-sent events
 */
import type { Logger } from "../core/log.ts";
import { textAnswer } from "../http/answers.ts";
import { Refusal } from "../http/refusal.ts";
import { type Routed, Router } from "../http/router.ts";
import type { WaitingLimits, WaitingRoom } from "../http/waiting_room.ts";
import type { Clock } from "../platform/clock.ts";
import type { HttpReply, HttpRequest } from "../platform/http.ts";
import { ListReading } from "./reading.ts";
import { refusalAnswer, REGISTRY_HEADERS } from "./replies.ts";
import type { NodeStore } from "./store.ts";
import { NodeWriting } from "./writing.ts";

const WAITING_LIMITS: WaitingLimits = { inAll: 1024, perConnection: 2 };

const INTRODUCTION = `Midge registry: the nodes that live, and where they are.

GET /discoveryz                     the list, as JSON
GET /discoveryz?index=N&wait=55s    the list once it is another than that of N
GET /discoveryz/stream              each list, as server-sent events
PUT /v1/nodes/<id>                  announce a node: {"urls": [...], "ttl": 15000}
DELETE /v1/nodes/<id>               withdraw it
`;

export interface ApiOptions {
  /** What announcing needs; undefined: nothing. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly waiting?: WaitingLimits;
}

/** `rest` is what follows the path of the table. */
type RegistryHandler = (
  request: HttpRequest,
  rest: string,
) => HttpReply | Promise<HttpReply>;

export class RegistryApi {
  /** Those that wait for another list. */
  readonly waiting: WaitingRoom;
  readonly #router: Router<RegistryHandler>;

  constructor(store: NodeStore, options: ApiOptions) {
    const { clock, log, token, waiting = WAITING_LIMITS } = options;
    const reading = new ListReading(store, clock, waiting);
    const writing = new NodeWriting(store, log, token);
    this.waiting = reading.waiting;
    this.#router = new Router<RegistryHandler>([
      ["/", { GET: introduction }],
      ["/v1/nodes", { GET: (request) => reading.read(request) }],
      ["/discoveryz", { GET: (request) => reading.read(request) }],
      ["/discoveryz/stream", { GET: (request) => reading.stream(request) }],
      ["/v1/nodes/*", {
        PUT: (request, name) => writing.announce(request, name),
        DELETE: (request, name) => writing.withdraw(request, name),
      }],
    ]);
  }

  /** The answer to one request; rejects only for a client that is gone. */
  async handle(request: HttpRequest): Promise<HttpReply> {
    try {
      const routed = this.#router.find(request.method, request.path);
      if (routed.kind !== "found") throw noHandler(routed);
      return await routed.handler(request, routed.rest);
    } catch (error) {
      if (error instanceof Refusal) return refusalAnswer(error);
      throw error;
    }
  }
}

function introduction(): HttpReply {
  return textAnswer(200, INTRODUCTION, REGISTRY_HEADERS);
}

function noHandler(routed: Exclude<Routed<never>, { kind: "found" }>): Refusal {
  if (routed.kind === "no such path") {
    return new Refusal(404, "path", "There is nothing here; see GET /");
  }
  const allowed = routed.allowed.join(", ");
  return new Refusal(405, "method", `Expected one of ${allowed}`, {
    Allow: allowed,
  });
}
