/** Counts what a server does in each turn of its event loop. */
import type { ServerPlatform } from "../../src/app/parts.ts";
import type { StreamStore } from "../../src/jetstream/store/stream_store.ts";
import { platform } from "../../src/runtime/mod.ts";

/** For `startMidge`: `watch` has each store that is opened. */
export function watchedStores(
  watch: (store: StreamStore) => void,
): NonNullable<ServerPlatform["overStores"]> {
  return (stores) => ({
    isDurable: stores.isDurable,
    names: (account) => stores.names(account),
    remove: (account, stream) => stores.remove(account, stream),
    open: (account, stream, kind) => {
      const store = stores.open(account, stream, kind);
      watch(store);
      return store;
    },
  });
}

export interface CountedTurns {
  /** For `startMidge`. */
  readonly platform: Pick<ServerPlatform, "runSoon" | "clock">;
  /** One more was done. */
  count(): void;
  /** The most that was done between two looks, one of which is in each turn. */
  most(): number;
}

export function countedTurns(): CountedTurns {
  let most = 0;
  let done = 0;
  const look = (): void => {
    most = Math.max(most, done);
    done = 0;
  };
  const looking = (run: () => void) => (): void => {
    look();
    run();
    look();
  };
  const { clock } = platform;
  const runSoon = platform.runSoon!;
  return {
    platform: {
      runSoon: (run) => runSoon(looking(run)),
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (ms, run) => clock.after(ms, looking(run)),
      },
    },
    count: () => void done++,
    most() {
      look();
      return most;
    },
  };
}
