/**
 * The first connection: here a failure can be told to the caller of `connect`,
 * and a mistake in the options must not look like a server that is down.
 */
import { AuthorizationError, ConnectionError } from "../api/errors.ts";
import type { ServerPool } from "./pool.ts";
import type { Rounds } from "./rounds.ts";
import type { PoolServer } from "./pool_server.ts";
import { type Course, REFUSALS_MAX } from "./course.ts";

/** One attempt; gives what went wrong, or undefined once there is a session. */
export type TryServer = (server: PoolServer) => Promise<Error | undefined>;

/**
 * Each server has one chance, in turn; `waits`: and then another, until one of
 * them lets us in. Resolves early when the client is closed meanwhile.
 */
export async function connectInTurn(
  pool: ServerPool,
  turns: Course,
  tryServer: TryServer,
  waits: boolean,
): Promise<void> {
  const failures: Error[] = [];
  for (let left = pool.size; left > 0; left--) {
    const server = await turns.next();
    if (server === undefined) return;
    const failure = await tryServer(server);
    if (failure === undefined) return;
    failures.push(failure);
  }
  if (!waits) throw firstFailure(failures);
  for (;;) {
    const server = await turns.next();
    if (server === undefined) return;
    if (await tryServer(server) === undefined) return;
  }
}

/**
 * Rounds without an end, or until a server has refused us twice and no other
 * has let us in. Resolves early when the client is closed meanwhile.
 */
export async function connectInRounds(
  rounds: Rounds,
  tryServer: TryServer,
): Promise<void> {
  const refusals = new Map<PoolServer, number>();
  for (;;) {
    const server = await rounds.next();
    if (server === undefined) return;
    const failure = await tryServer(server);
    if (failure === undefined) return;
    rounds.failed(server, failure);
    if (!(failure instanceof AuthorizationError)) continue;
    const count = (refusals.get(server) ?? 0) + 1;
    if (count >= REFUSALS_MAX) throw failure;
    refusals.set(server, count);
  }
}

/** Each server has one chance: first those that are known, then those that were found. */
export async function connectOnce(
  rounds: Rounds,
  tryServer: TryServer,
  asked: Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  for (const found of [Promise.resolve(), asked]) {
    await found;
    let server = rounds.ready();
    while (server !== undefined) {
      const failure = await tryServer(server);
      if (failure === undefined) return;
      rounds.failed(server, failure);
      failures.push(failure);
      server = rounds.ready();
    }
  }
  throw firstFailure(failures);
}

/** One error for the attempts at all servers; a refusal tells the user most. */
function firstFailure(failures: readonly Error[]): Error {
  const refusal = failures.find((error) => error instanceof AuthorizationError);
  if (refusal !== undefined || failures.length === 1) {
    return refusal ?? failures[0]!;
  }
  if (failures.length === 0) return new ConnectionError("No server is known");
  const texts = failures.map(({ message }) => message).join("; ");
  return new ConnectionError(texts, { cause: failures.at(-1) });
}
