/**
 * The `reconnectToServer` option: the user's own code says which server is
 * dialled next. It stands on a course that has a server of its own in mind and
 * has waited until that may be tried; another one that is chosen instead is not
 * dialled more often than `reconnectTimeWait` allows either.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import type { ServerInfo } from "../../wire/info.ts";
import { ConnectionError } from "../api/errors.ts";
import type { SearchOptions } from "./options.ts";
import type { ServerPool } from "./pool.ts";
import type { ReconnectToServerHandler, ServerState } from "../api/servers.ts";
import { stateOf } from "./server_state.ts";
import type { PoolServer } from "./pool_server.ts";
import { type Course, reconnectPauseMs, Rest } from "./course.ts";

interface ChosenContext {
  readonly options: SearchOptions;
  readonly pool: ServerPool;
  readonly clock: Clock;
  readonly random: Random;
  /** What a server told last. */
  info(): ServerInfo | undefined;
}

/** The course as the user's handler bends it, if there is one. */
export function chosenCourse(course: Course, context: ChosenContext): Course {
  const { reconnectToServer: handler } = context.options;
  return handler === undefined
    ? course
    : new ChosenCourse(course, handler, context);
}

interface Choice {
  readonly server: PoolServer;
  readonly delayMs: number;
}

class ChosenCourse implements Course {
  readonly #course: Course;
  readonly #handler: ReconnectToServerHandler;
  readonly #context: ChosenContext;
  readonly #rest: Rest;
  #isStopped = false;

  constructor(
    course: Course,
    handler: ReconnectToServerHandler,
    context: ChosenContext,
  ) {
    this.#course = course;
    this.#handler = handler;
    this.#context = context;
    this.#rest = new Rest(context.clock);
  }

  async next(): Promise<PoolServer | undefined> {
    const first = await this.#course.next();
    if (first === undefined) return undefined;
    const { server, delayMs } = this.#choose(first);
    const waitMs = delayMs + (server === first ? 0 : this.#pauseMs(server));
    if (waitMs > 0 && !this.#isStopped) await this.#rest.take(waitMs);
    return this.#isStopped ? await this.#course.next() : server;
  }

  failed(server: PoolServer, failure: Error): void {
    this.#course.failed(server, failure);
  }

  wake(): void {
    this.#course.wake();
  }

  stop(cause?: Error): void {
    this.#isStopped = true;
    this.#course.stop(cause);
    this.#rest.end();
  }

  #choose(first: PoolServer): Choice {
    const { pool, info } = this.#context;
    const others = pool.servers.filter((server) => server !== first);
    const byState = new Map(
      [first, ...others].map((server) => [stateOf(server), server]),
    );
    const chosen = this.#ask([...byState.keys()], info() ?? null);
    if (chosen === null) return { server: first, delayMs: 0 };
    const [state, delayMs] = "server" in chosen
      ? [chosen.server, chosen.delay]
      : [chosen, 0];
    const server = byState.get(state);
    if (server !== undefined) return { server, delayMs };
    throw new ConnectionError(
      'Option "reconnectToServer" gave a server that is not in the pool',
    );
  }

  #ask(
    pool: readonly ServerState[],
    info: ServerInfo | null,
  ): ReturnType<ReconnectToServerHandler> {
    try {
      return this.#handler(pool, info);
    } catch (cause) {
      const message = 'Option "reconnectToServer" threw an error';
      throw new ConnectionError(message, { cause });
    }
  }

  #pauseMs(server: PoolServer): number {
    const { options, clock, random } = this.#context;
    const pauseMs = reconnectPauseMs(options, random);
    return Math.max(0, server.lastAttemptMs + pauseMs - clock.monotonic());
  }
}
