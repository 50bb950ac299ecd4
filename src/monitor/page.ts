/**
 * What every page is: a function of a snapshot and a query, with a request that
 * says which parts of the snapshot it needs. It knows neither the server nor
 * HTTP.
 */
import type { SlicedWork } from "../http/slices.ts";
import type { PartName, ServerSnapshot, SnapshotRequest } from "./snapshot.ts";

export interface Page<Query, Part extends PartName, Shown extends object> {
  /** Reads the parameters. Throws a `Refusal`. */
  readonly read: (params: URLSearchParams) => Query;
  readonly wants: (query: Query) => SnapshotRequest<Part>;
  /** Throws a `Refusal` for what the server does not have. */
  readonly show: (snapshot: ServerSnapshot<Part>, query: Query) => Shown;
}

/** Where snapshots come from. */
export interface SnapshotSource {
  take<Part extends PartName>(
    request: SnapshotRequest<Part>,
  ): SlicedWork<ServerSnapshot<Part>>;
}

/** A page whose query and parts are nobody else's concern. */
export type ShowPage<Shown extends object> = (
  source: SnapshotSource,
  params: URLSearchParams,
) => SlicedWork<Shown>;

export function showing<Query, Part extends PartName, Shown extends object>(
  page: Page<Query, Part, Shown>,
): ShowPage<Shown> {
  return function* (source, params) {
    const query = page.read(params);
    return page.show(yield* source.take(page.wants(query)), query);
  };
}
