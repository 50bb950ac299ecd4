/** Answers about consumers that are to be kept: what cannot be is taken back. */
import type { AccountStreams } from "../account_streams.ts";
import { StoreError } from "../store/stream_store.ts";
import { ApiError } from "./api_error.ts";

/**
 * `answer`, once what it tells of is on disk. Where that fails `undo` takes it back,
 * and NATS JetStream's word for it is told.
 */
export function onceKept(
  account: AccountStreams,
  stream: string,
  answer: object,
  undo: () => void,
): object | Promise<object> {
  const settled = account.settled(stream);
  return settled === undefined
    ? answer
    : settled.then(() => answer, (error) => {
      if (!(error instanceof StoreError)) throw error;
      account.host.log.error(`JetStream: ${error.message}`);
      undo();
      throw new ApiError(10104, error.message);
    });
}

/**
 * `answer`, and where that took turns of the event loop, once what it tells of is on
 * disk: the others wait for that anyway.
 */
export function settledToo(
  account: AccountStreams,
  stream: string,
  answer: object | Promise<object>,
): object | Promise<object> {
  if (!(answer instanceof Promise)) return answer;
  return answer.then(async (told) => {
    await account.settled(stream);
    return told;
  });
}
