/**
 * What the registry's answers have in common: JSON in one line, errors as JSON
 * that says what is wrong and where, and headers by which no answer is taken
 * for a page and none is kept. Scripts of other sites may not read them.
 */
import { goJson } from "../core/json.ts";
import {
  type HttpHeaders,
  jsonAnswer,
  NOT_CACHED,
  NOT_SNIFFED,
} from "../http/answers.ts";
import type { Refusal } from "../http/refusal.ts";
import type { HttpAnswer } from "../platform/http.ts";

export const REGISTRY_HEADERS: HttpHeaders = { ...NOT_SNIFFED, ...NOT_CACHED };

export function valueAnswer(
  status: number,
  value: object,
  headers: HttpHeaders = {},
): HttpAnswer {
  return jsonAnswer(status, `${goJson(value)}\n`, {
    ...REGISTRY_HEADERS,
    ...headers,
  });
}

export function refusalAnswer(
  { status, message, at, headers }: Refusal,
): HttpAnswer {
  return valueAnswer(status, { error: { status, message, at } }, headers);
}
