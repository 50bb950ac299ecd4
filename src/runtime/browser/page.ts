/**
 * What a client needs of a browser page, as one value: time, chance, and a
 * network of WebSockets alone. It names no module of any runtime, so it works
 * wherever there is a global `WebSocket`, in workers too.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { type Network, NetworkError } from "../../platform/socket.ts";
import type { DialWeb } from "../../platform/web_dialler.ts";
import { pageClock, pageRandom } from "./page_clock.ts";
import { dialPageSocket } from "./page_socket.ts";

/** A page as the client library takes it. */
export interface BrowserPage {
  readonly network: Network;
  readonly dialWeb: DialWeb;
  readonly clock: Clock;
  readonly random: Random;
}

/** The browser looks names up itself, and dials nothing but WebSockets. */
const network: Network = {
  listen: () => Promise.reject(noSuch("a page cannot listen")),
  dial: () =>
    Promise.reject(noSuch("a page connects by ws:// and wss:// only")),
  lookup: (host) => Promise.resolve([host]),
};

function noSuch(what: string): NetworkError {
  return new NetworkError(what, "ENOTSUP");
}

/** The page that this program runs in. */
export const page: BrowserPage = {
  network,
  dialWeb: dialPageSocket,
  clock: pageClock,
  random: pageRandom,
};
