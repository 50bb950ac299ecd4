/**
 * Writing to the registry: nodes announce themselves and withdraw. All of it
 * was sent by a stranger: it is checked before it is kept, and quoted before it
 * is logged.
 */
import type { Logger } from "../core/log.ts";
import { quoted } from "../core/quote.ts";
import { sameSecret } from "../core/secret.ts";
import { Refusal } from "../http/refusal.ts";
import type { HttpAnswer, HttpRequest } from "../platform/http.ts";
import { BadAnnouncement, isNodeId, readAnnouncement } from "./announcement.ts";
import { valueAnswer } from "./replies.ts";
import { type NodeStore, StoreFull } from "./store.ts";

/** The longest announcement. */
const BODY_BYTES_MAX = 16_384;

export class NodeWriting {
  readonly #store: NodeStore;
  readonly #log: Logger;
  readonly #token: string | undefined;

  /** `token` is what announcing needs; undefined: nothing. */
  constructor(store: NodeStore, log: Logger, token: string | undefined) {
    this.#store = store;
    this.#log = log;
    this.#token = token;
  }

  /** Takes in the node `name`, or renews it. Throws a `Refusal`. */
  async announce(request: HttpRequest, name: string): Promise<HttpAnswer> {
    const id = this.#admit(request, name);
    const body = await request.readBody(BODY_BYTES_MAX);
    if (body === undefined) {
      throw new Refusal(
        413,
        "body",
        `Expected at most ${BODY_BYTES_MAX} bytes`,
        { "Connection": "close" },
      );
    }
    try {
      const { node, ttlMs } = readAnnouncement(id, body);
      const { index, isNew } = this.#store.put(node, ttlMs);
      if (isNew) {
        this.#log.notice(
          `Node ${quoted(id)} (${quoted(node.name)}) announced itself`,
        );
      }
      return valueAnswer(isNew ? 201 : 200, { index, ttl: ttlMs });
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Forgets the node `name`. Throws a `Refusal`. */
  withdraw(request: HttpRequest, name: string): HttpAnswer {
    const id = this.#admit(request, name);
    if (!this.#store.remove(id)) {
      throw new Refusal(404, "path", "There is no node with this id");
    }
    this.#log.notice(`Node ${quoted(id)} withdrew`);
    return valueAnswer(200, { index: this.#store.index });
  }

  /** The id that the request may write. */
  #admit(request: HttpRequest, name: string): string {
    mustComeFromProgram(request);
    this.#mustHaveToken(request);
    if (isNodeId(name)) return name;
    throw new Refusal(
      400,
      "path",
      "Expected an id of 1 to 64 letters, digits, _ or - after /v1/nodes/",
    );
  }

  #mustHaveToken({ headers }: HttpRequest): void {
    if (this.#token === undefined) return;
    const [, given = ""] =
      /^bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (sameSecret(given, this.#token)) return;
    throw new Refusal(
      401,
      "header Authorization",
      "Expected the registry's token, as in Authorization: Bearer TOKEN",
      { "WWW-Authenticate": "Bearer" },
    );
  }
}

/**
 * A browser always says where a script that writes came from. Scripts of web
 * pages do not write here, under whatever name they got to this address.
 */
function mustComeFromProgram({ headers }: HttpRequest): void {
  if (!headers.has("origin")) return;
  throw new Refusal(403, "header Origin", "Web pages cannot change nodes");
}

function refusalOf(error: unknown): unknown {
  if (error instanceof BadAnnouncement) {
    return new Refusal(400, error.at, error.message);
  }
  if (error instanceof StoreFull) {
    return new Refusal(503, "registry", error.message);
  }
  return error;
}
