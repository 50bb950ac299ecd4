/**
 * Answers of the registry: JSON and short texts, and errors as JSON that says
 * what is wrong and where. No answer may be taken for a page, and no other
 * site's script may read one.
 */
import { MidgeError } from "../core/errors.ts";
import { goJson } from "../core/json.ts";
import type { HttpAnswer } from "../platform/http.ts";

export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

/** A request that gets an error for an answer. */
export class Refusal extends MidgeError {
  override readonly name = "Refusal";
  readonly status: number;
  /** What of the request is wrong, such as `query wait`. */
  readonly at: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    at: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super("REGISTRY_REFUSAL", message);
    this.status = status;
    this.at = at;
    this.headers = headers;
  }

  get answer(): HttpAnswer {
    const { status, message, at } = this;
    return jsonAnswer(status, { error: { status, message, at } }, this.headers);
  }
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return answer(status, "application/json", `${goJson(value)}\n`, headers);
}

export function textAnswer(body: string): HttpAnswer {
  return answer(200, "text/plain; charset=utf-8", body, {});
}

/** JSON that is there already. */
export function listAnswer(text: string, etag: string): HttpAnswer {
  return answer(200, "application/json", text, { ETag: etag });
}

export function notModified(etag: string): HttpAnswer {
  return { status: 304, headers: { ...COMMON_HEADERS, ETag: etag }, body: "" };
}

function answer(
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): HttpAnswer {
  return {
    status,
    headers: { ...COMMON_HEADERS, "Content-Type": type, ...headers },
    body,
  };
}
