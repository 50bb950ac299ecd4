/** Steps for both client libraries: reconnects that are asked for, and other servers. */
import { fails, outcome, type Step } from "./client_pair_observe.ts";

const QUICK = { reconnect: true, reconnectTimeWait: 10, reconnectJitter: 0 };

/** Types of events up to one of this type, without those that tell of gossip. */
async function typesUntil(
  events: AsyncIterable<{ readonly type: string }>,
  last: string,
): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) {
    if (type !== "update") types.push(type);
    if (type === last) break;
  }
  return types;
}

export const SWITCHING_STEPS: readonly Step[] = [
  {
    name: "a forced reconnect keeps subscriptions",
    run: async ({ client }) => {
      const one = await client(QUICK);
      const texts: string[] = [];
      const two = Promise.withResolvers<void>();
      one.subscribe("a", {
        callback: (_error, message) => {
          texts.push(message.string());
          if (texts.length === 2) two.resolve();
        },
      });
      one.publish("a", "1");
      await one.flush();
      const told = typesUntil(one.status(), "reconnect");
      await one.reconnect();
      const types = await told;
      one.publish("a", "2");
      await two.promise;
      return [texts, types, one.isClosed()];
    },
  },
  {
    name: "without reconnects a forced one closes, and then it is refused",
    run: async ({ client }) => {
      const one = await client({ reconnect: false });
      await one.reconnect();
      await one.closed();
      return [one.isClosed(), await outcome(() => one.reconnect())];
    },
  },
  {
    name: "servers can be replaced, not by none",
    run: async ({ client }) => {
      const one = await client(QUICK);
      const listens = (): string[] => one.getServers().map((s) => s.listen);
      const before = listens().length;
      one.setServers([...listens(), "127.0.0.1:1"]);
      const after = listens().length - before;
      one.setServers([one.getServer()]);
      const isBack = typesUntil(one.status(), "reconnect");
      await one.reconnect();
      await isBack;
      const [only] = one.getServers();
      return [
        after,
        listens().length,
        only?.gossiped,
        fails(() => one.setServers([])),
      ];
    },
  },
];
