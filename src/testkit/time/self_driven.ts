/**
 * A connection on a virtual clock whose calls let time pass until they are
 * answered, so that a test need not think of the clock.
 */
import {
  awaitedHere,
  AwaitedPromise,
  outcomeOf,
} from "../../core/awaited_promise.ts";
import type { NatsConnection } from "../../client/connection.ts";
import type { Msg } from "../../client/api/message.ts";
import type { Subscription } from "../../client/api/subscription.ts";
import type { Pace } from "./pace.ts";

/** Changes `connection`, and gives it back. */
export function selfDriven(
  connection: NatsConnection,
  pace: Pace,
): NatsConnection {
  const plain = {
    request: connection.request.bind(connection),
    requestMany: connection.requestMany.bind(connection),
    flush: connection.flush.bind(connection),
    rtt: connection.rtt.bind(connection),
    drain: connection.drain.bind(connection),
    close: connection.close.bind(connection),
    rediscover: connection.rediscover.bind(connection),
    dispose: connection[Symbol.asyncDispose].bind(connection),
    subscribe: connection.subscribe.bind(connection),
  };
  connection.request = (...given) => pace.run(plain.request(...given));
  connection.requestMany = async (...given) =>
    drivenIterable(await plain.requestMany(...given), pace);
  connection.flush = () => pace.run(plain.flush());
  connection.rtt = () => pace.run(plain.rtt());
  connection.drain = () => drivenDrain(plain.drain(), pace);
  connection.close = () => pace.run(plain.close());
  connection.rediscover = () => pace.run(plain.rediscover());
  connection[Symbol.asyncDispose] = () => drivenDrain(plain.dispose(), pace);
  connection.subscribe = (...given) =>
    drivenSubscription(plain.subscribe(...given), pace);
  return connection;
}

/** Its disposal drains it, and so is driven as well. */
function drivenSubscription(
  subscription: Subscription,
  pace: Pace,
): Subscription {
  const drain = subscription.drain.bind(subscription);
  subscription.drain = () => drivenDrain(drain(), pace);
  return subscription;
}

/** A program that waits for the drain must be told from the pace, which only lets time pass for it. */
function drivenDrain(drained: Promise<void>, pace: Pace): Promise<void> {
  return AwaitedPromise.of(
    pace.run(outcomeOf(drained)),
    () => awaitedHere(drained),
  );
}

function drivenIterable(
  messages: AsyncIterable<Msg>,
  pace: Pace,
): AsyncIterable<Msg> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<Msg> {
      const iterator = messages[Symbol.asyncIterator]();
      return {
        next: () => pace.run(iterator.next()),
        return: () =>
          iterator.return?.() ??
            Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}
