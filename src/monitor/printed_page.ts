/**
 * Pages as HTTP shows them: status, headers and a text that is printed piece
 * by piece, as nats-server prints it.
 */
import {
  htmlAnswer,
  type HttpHeaders,
  JSON_TYPE,
  READABLE_BY_ANY_SITE,
} from "../http/answers.ts";
import { jsonPieces } from "../http/json_pieces.ts";
import { atOnce, type TextPieces } from "../http/slices.ts";
import type { Health } from "./healthz.ts";
import type { HttpAnswer } from "../platform/http.ts";

export interface PrintedPage {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly text: TextPieces;
}

const PAGE_HEADERS: HttpHeaders = { ...JSON_TYPE, ...READABLE_BY_ANY_SITE };

/** Blanks for each level of a page's JSON. */
const INDENT = 2;

/** `page` as JSON; fields that are `undefined` are left out. */
export function printedJson(page: object): PrintedPage {
  return {
    status: 200,
    headers: PAGE_HEADERS,
    text: jsonPieces(page, INDENT),
  };
}

/** NATS monitoring: JSON without blanks, with a status that tells the health too. */
export function printedHealth({ status, page }: Health): PrintedPage {
  return { status, headers: PAGE_HEADERS, text: jsonPieces(page, 0) };
}

/** A page for people. */
export function printedHtml({ html }: { readonly html: string }): PrintedPage {
  return printedAnswer(htmlAnswer(html));
}

/** An answer that is there already. */
export function printedAnswer(
  { status, headers, body }: HttpAnswer,
): PrintedPage {
  return { status, headers, text: atOnce(body) };
}
