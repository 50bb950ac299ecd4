/**
 * Monitoring as functions: the pages that HTTP shows, for programs that hold
 * the server itself. They need no port.
 */
import { InvalidArgumentError } from "../core/errors.ts";
import { type PageFunction, readPage } from "../monitor/page_options.ts";
import { BadRequest } from "../monitor/query.ts";
import type { WatchedServer } from "../monitor/watched_server.ts";

/** A page as plain data. Throws an `InvalidArgumentError` with the page's words. */
export function askPage<Options extends object, Result>(
  page: PageFunction<Options, Result>,
  server: WatchedServer,
  options: Options,
): Result {
  try {
    return readPage(page, server, options);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}
