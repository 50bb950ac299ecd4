/**
 * The client library in a browser page or a worker: what `midge/client` has, on
 * the page's own WebSocket. It needs no module of any runtime.
 *
 * @module
 */
import type { ConnectionOptions } from "../client/api/options.ts";
import { NatsConnection } from "../client/connection.ts";
import { inboxUnder } from "../client/messages/inbox.ts";
import { serverList } from "../client/options.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import { Nuid } from "../core/nuid.ts";
import { page } from "../runtime/browser/page.ts";
import { Services } from "../services/services.ts";

export * from "./library.ts";

/**
 * What `connect` takes in a browser. `servers` are `ws://` and `wss://` URLs.
 * Which certificates are good the browser knows, and it sends the cookies of
 * the server's host along.
 */
export interface ConnectOptions
  extends Omit<ConnectionOptions, "port" | "servers" | "tls"> {
  /** `wss://host[:port][/path]` or `ws://...`: one, several, or several divided by commas. */
  readonly servers: string | readonly string[];
}

/** Services on a connection; see `Svcm` of `midge/client`. */
export class Svcm extends Services {
  /** Services on `connection`. */
  constructor(connection: NatsConnection) {
    super(connection, page);
  }
}

/** Makes unique names: `nuid.next()`. */
export const nuid: Nuid = new Nuid(page.random);

/**
 * A unique subject for answers. Throws an `InvalidArgumentError` unless the
 * prefix is a subject without wildcards.
 */
export function createInbox(prefix: string = ""): string {
  return inboxUnder(prefix, nuid);
}

/**
 * Connects to a NATS server or cluster by WebSocket. Rejects as `connect` of
 * `midge/client` does, and with an `InvalidArgumentError` for servers that are
 * no `ws://` or `wss://` URLs.
 */
export async function connect(
  options: ConnectOptions,
): Promise<NatsConnection> {
  checkOptions(options);
  return await NatsConnection.open(options, page);
}

/** A bundle may have put this in the place of `midge/client`, whose types allow more. */
function checkOptions(options: ConnectionOptions = {}): void {
  const { servers, port, tls, discovery = [] } = options;
  const given = serverList(servers);
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(`In a browser ${why}`);
  };
  if (port !== undefined) refuse('there is no option "port"');
  if (tls !== undefined) {
    refuse('there is no option "tls": a wss:// URL asks for it');
  }
  if (given.length === 0) refuse('"servers" must be given');
  if (given.some((url) => !/^wss?:\/\//i.test(url))) {
    refuse("servers are ws:// or wss:// URLs");
  }
  if (!Array.isArray(discovery)) {
    refuse('"discovery" is a list of providers');
  }
  if (discovery.some((provider) => typeof provider === "string")) {
    refuse('"discovery" takes no URLs');
  }
}
