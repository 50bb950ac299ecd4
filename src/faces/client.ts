/**
 * The client library: `connect`, and what comes with a connection.
 *
 * ```ts
 * import { connect } from "midge/client";
 *
 * await using connection = await connect({ servers: "nats://localhost:4222" });
 * connection.publish("greet.joe", "hello");
 * ```
 *
 * @module
 */
import { type ConnectOptions, withProviders } from "../app/client_discovery.ts";
import { withTlsFiles } from "../app/tls_files.ts";
import { webDialler } from "../app/web_dialler.ts";
import { NatsConnection } from "../client/connection.ts";
import type { ClientRuntime } from "../client/link.ts";
import { inboxUnder } from "../client/messages/inbox.ts";
import { Nuid } from "../core/nuid.ts";
import { platform } from "../runtime/mod.ts";
import { keepProcessAlive, readTextFile } from "../runtime/process/system.ts";
import { Services } from "../services/services.ts";

export type {
  ConnectOptions,
  DiscoveryOption,
} from "../app/client_discovery.ts";
export * from "./library.ts";

/**
 * Services on a connection, by the service protocol (NATS ADR-32): `nats micro`
 * and other tools for that protocol find them.
 *
 * ```ts
 * import { connect, Svcm } from "midge/client";
 *
 * await using connection = await connect();
 * const service = await new Svcm(connection).add({
 *   name: "minmax",
 *   version: "1.0.0",
 * });
 * service.addEndpoint("max", (_error, request) => {
 *   const numbers = request.json<number[]>();
 *   request.respond(JSON.stringify(Math.max(...numbers)));
 * });
 * ```
 */
export class Svcm extends Services {
  /** Services on `connection`. */
  constructor(connection: NatsConnection) {
    super(connection, platform);
  }
}

/** What a client needs of the machine. */
const machine: ClientRuntime = { ...platform, dialWeb: webDialler(platform) };

/** Makes unique names: `nuid.next()`. */
export const nuid: Nuid = new Nuid(platform.random);

/**
 * A unique subject for answers. Throws an `InvalidArgumentError` unless the
 * prefix is a subject without wildcards.
 */
export function createInbox(prefix: string = ""): string {
  return inboxUnder(prefix, nuid);
}

/**
 * Connects to a NATS server or cluster. Without options that is
 * `nats://127.0.0.1:4222`.
 *
 * Rejects with an `AuthorizationError` when the servers refuse the login, with
 * a `ConnectionError` when none can be reached, with an `InvalidArgumentError`
 * for options that contradict each other or the types, and with a
 * `DiscoveryError` for a URL of `discovery` that is not valid. With
 * `discovery`, or `waitOnFirstConnect`, it waits until it is connected.
 *
 * ```ts
 * import { connect } from "midge/client";
 *
 * await using connection = await connect({ servers: "nats://localhost:4222" });
 * const greetings = connection.subscribe("greet.*", { max: 1 });
 * connection.publish("greet.joe", "hello");
 * for await (const message of greetings) {
 *   console.log(message.subject, message.string()); // greet.joe hello
 * }
 * ```
 */
export async function connect(
  options: ConnectOptions = {},
): Promise<NatsConnection> {
  // Between two attempts to connect there is no socket that would.
  const release = keepProcessAlive();
  try {
    const connection = await NatsConnection.open(
      withProviders(withTlsFiles(options, readTextFile), platform),
      machine,
    );
    connection.closed().then(release);
    return connection;
  } catch (error) {
    release();
    throw error;
  }
}
