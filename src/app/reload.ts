/**
 * A running server takes another configuration. It is compared with the one
 * that holds, option by option: one that cannot change refuses all of it by
 * name, and nothing has changed. Otherwise the parts take it over, and clients
 * that may not stay are let go of. One reload is done after the other.
 */
import { calloutFaults } from "../auth/callout/callout_faults.ts";
import { describeLogins } from "../auth/login_shape.ts";
import {
  changesBetween,
  type OptionChange,
  reloadedLines,
  reloadRefusal,
} from "../config/keys/changes.ts";
import { finishInTurns } from "../core/steps.ts";
import { InvalidOperationError } from "../core/errors.ts";
import type { ServerConfig, ServerOptions } from "../options/options.ts";
import { keepingUsers } from "./kept_users.ts";
import type { ReloadPlatform, ServerParts } from "./parts.ts";

const NO_FILE =
  "can only reload config when a file is provided using -c or --config";

export class Reloading {
  readonly #parts: ServerParts;
  readonly #platform: ReloadPlatform;
  /** The reload that is under way, and those that wait behind it. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ServerParts, platform: ReloadPlatform) {
    this.#parts = parts;
    this.#platform = platform;
  }

  /**
   * Takes `config` over, or without it what is now in the file that the server
   * was started with. Rejects when that cannot be: then nothing has changed.
   */
  reload(config?: ServerConfig): Promise<void> {
    const reloaded = this.#last.then(() => this.#run(config));
    this.#last = reloaded.catch(() => {});
    return reloaded;
  }

  async #run(config: ServerConfig | undefined): Promise<void> {
    const next = await this.#read(config);
    const { broker } = this.#parts;
    const before = broker.options;
    const problem = reloadProblem(before, next);
    if (problem !== undefined) throw new InvalidOperationError(problem);
    await this.#parts.nextRound();
    await this.#take(before, next, changesBetween(before, next));
  }

  #read(config: ServerConfig | undefined): Promise<ServerOptions> {
    const { rereadOptions, readOptions } = this.#platform;
    const read = config === undefined
      ? rereadOptions
      : readOptions && (() => readOptions(config));
    if (read === undefined) throw new InvalidOperationError(NO_FILE);
    return read();
  }

  async #take(
    before: ServerOptions,
    read: ServerOptions,
    changes: readonly OptionChange[],
  ): Promise<void> {
    const { log } = this.#parts.broker.host;
    const next = await finishInTurns(
      keepingUsers(before, read),
      () => this.#parts.nextRound(),
    );
    for (const line of reloadedLines(changes)) log.notice(line);
    const logins = describeLogins(next);
    if (logins !== describeLogins(before)) log.notice(logins);
    for (const fault of calloutFaults(next)) log.error(fault);
    this.#platform.follow?.(next, before);
    await this.#parts.reconfigure(next);
    const digest = next.configDigest === "" ? "" : ` (${next.configDigest})`;
    log.notice(`Reloaded server configuration${digest}`);
  }
}

/**
 * Why a server that runs with the options `before` cannot run with `next`;
 * undefined when it can. A port of `next` that is any free one is taken over.
 */
export function reloadProblem(
  before: ServerOptions,
  next: ServerOptions,
): string | undefined {
  keepPorts(before, next);
  return changesBetween(before, next)
    .map((change) => refusalIn(change, next))
    .find((text) => text !== undefined);
}

/** Any free port is the one that is open. */
function keepPorts(before: ServerOptions, next: ServerOptions): void {
  if (next.port === 0) next.port = before.port;
  if (next.http?.port === 0 && before.http !== undefined) {
    next.http = { ...next.http, port: before.http.port };
  }
  if (next.https?.port === 0 && before.https !== undefined) {
    next.https = { ...next.https, port: before.https.port };
  }
  if (next.websocket?.port === 0 && before.websocket !== undefined) {
    next.websocket.port = before.websocket.port;
  }
  if (next.cluster?.port === 0 && before.cluster !== undefined) {
    next.cluster.port = before.cluster.port;
  }
  if (next.registry?.port === 0 && before.registry !== undefined) {
    next.registry.port = before.registry.port;
  }
}

function refusalIn(
  change: OptionChange,
  next: ServerOptions,
): string | undefined {
  const { path, before, after } = change;
  // NATS reload: it may go together with its user.
  const isGone = path === "noAuthUser" && after === "" &&
    !usersOf(next).some(({ user }) => user === before);
  return isGone ? undefined : reloadRefusal(change, next);
}

function usersOf({ authorization, accounts }: ServerOptions) {
  return [authorization?.users ?? [], ...accounts.map(({ users }) => users)]
    .flat();
}
