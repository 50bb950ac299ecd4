/**
 * Monitoring as functions: the pages that HTTP shows, for programs that hold
 * the server itself. They need no port.
 */
import { InvalidArgumentError } from "../core/errors.ts";
import { type PageFunction, readPage } from "../monitor/page_options.ts";
import { Refusal } from "../http/refusal.ts";
import type { SnapshotSource } from "../monitor/page.ts";

/** A page as plain data. Throws an `InvalidArgumentError` with the page's words. */
export function askPage<Options extends object, Result extends object>(
  page: PageFunction<Options, Result>,
  source: SnapshotSource,
  options: Options,
): Result {
  try {
    return readPage(page, source, options);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}
