/**
 * A request that cannot be answered as it was asked. It says what is wrong and
 * with which part of the request; each server prints it in its own way, as a
 * text or as JSON.
 */
import { MidgeError } from "../core/errors.ts";
import type { HttpHeaders } from "./answers.ts";

export class Refusal extends MidgeError {
  override readonly name = "Refusal";
  readonly status: number;
  /** The part of the request that is wrong, such as `query wait`. */
  readonly at: string;
  readonly headers: HttpHeaders;

  constructor(
    status: number,
    at: string,
    message: string,
    headers: HttpHeaders = {},
  ) {
    super("HTTP_REFUSAL", message);
    this.status = status;
    this.at = at;
    this.headers = headers;
  }
}
