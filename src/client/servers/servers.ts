/** The way into this room: the search that the options ask for. */
import type { Clock, Random } from "../../platform/clock.ts";
import type { StatusSink } from "../api/status.ts";
import { DiscoverySearch } from "./discovery_search.ts";
import type { SearchOptions } from "./options.ts";
import { PlainSearch } from "./plain_search.ts";
import type { Search } from "./search.ts";

/**
 * Throws `InvalidArgumentError` for servers and policies that make no sense.
 * `onNews`: servers may be tried that could not be tried before.
 */
export function createSearch(
  options: SearchOptions,
  platform: { readonly clock: Clock; readonly random: Random },
  statuses: StatusSink,
  onNews: () => void,
): Search {
  return options.discovery.length === 0
    ? new PlainSearch(options, platform, statuses)
    : new DiscoverySearch(options, platform, statuses, onNews);
}
