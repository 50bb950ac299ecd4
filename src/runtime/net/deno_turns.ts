/**
 * `RunSoon` on Deno. An immediate alone would starve the sockets (`deno_news.ts`
 * tells why), so once a millisecond the next link waits for news of them. A
 * process without open sockets has none to wait for.
 */
import type { RunSoon } from "../../platform/turns.ts";
import type { DenoNews } from "./deno_news.ts";
import { monotonicTime, setImmediate } from "../process/timers.ts";

/** News that are older make the next link wait for newer ones. */
const NEWS_AGE_MAX_MS = 1;

/** The machine's turns, by the news that it has of its sockets. */
export function runSoonBehind(news: DenoNews): RunSoon {
  let waiting: (() => void)[] = [];
  let heardAt = -Infinity;
  const isFresh = (): boolean =>
    !news.hasSubject || monotonicTime() - heardAt < NEWS_AGE_MAX_MS;
  const runWaiting = (): void => {
    heardAt = monotonicTime();
    const runs = waiting;
    waiting = [];
    // What the news are goes to its receivers first.
    for (const run of runs) setImmediate(run);
  };
  return (run) => {
    if (waiting.length === 0 && isFresh()) return void setImmediate(run);
    if (waiting.push(run) === 1) void news.next().then(runWaiting);
  };
}
