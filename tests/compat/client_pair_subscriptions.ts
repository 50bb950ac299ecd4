/** Steps for both client libraries: subscriptions, messages and headers. */
import {
  errorNames,
  fails,
  outcome,
  type Step,
  textsOf,
} from "./client_pair_observe.ts";

export const SUBSCRIPTION_STEPS: readonly Step[] = [
  {
    name: "a subscription reads up to its max",
    run: async ({ client }) => {
      const one = await client();
      const subscription = one.subscribe("a.*", { max: 2 });
      for (const n of [1, 2, 3]) one.publish(`a.${n}`, `text ${n}`);
      const max = subscription.getMax();
      const seen = await textsOf(subscription);
      return [
        max,
        seen,
        subscription.getSubject(),
        subscription.getReceived(),
        subscription.getProcessed(),
        subscription.isClosed(),
        String(await subscription.closed),
      ];
    },
  },
  {
    name: "subjects with wildcards are published to, and empty names are none",
    run: async ({ client }) => {
      const one = await client();
      const heard: unknown[] = [];
      for (const subject of ["a.>", "a.*", "a.b"]) {
        one.subscribe(subject, {
          queue: "",
          callback: (_error, { subject: to, reply }) =>
            void heard.push([subject, to, reply || "none"]),
        });
      }
      one.publish("a.*", "", { reply: "" });
      one.publish("a.>", "", { reply: "r.*" });
      await one.flush();
      return heard.map(String).sort();
    },
  },
  {
    name: "the events of a connection are stopped",
    run: async ({ client }) => {
      const one = await client({ reconnect: true, reconnectTimeWait: 10 });
      const [stopped, other] = [one.status(), one.status()] as const;
      stopped.stop();
      await one.reconnect();
      for await (const { type } of other) if (type === "reconnect") break;
      return (await Array.fromAsync(stopped)).length;
    },
  },
  {
    name: "breaking out of a loop ends the subscription",
    run: async ({ client }) => {
      const one = await client();
      const subscription = one.subscribe("a");
      one.publish("a", "1");
      one.publish("a", "2");
      await one.flush();
      for await (const _message of subscription) break;
      return [subscription.isClosed(), subscription.getReceived()];
    },
  },
  {
    name: "a subscription with a callback cannot be iterated",
    run: async ({ client }) => {
      const one = await client();
      const subscription = one.subscribe("a", { callback: () => {} });
      one.publish("a", "1");
      await one.flush();
      return [
        await outcome(() => textsOf(subscription)),
        subscription.getReceived(),
        subscription.getProcessed(),
        subscription.getPending(),
      ];
    },
  },
  {
    name: "a subscription times out without a first message",
    run: async ({ client }) => {
      const one = await client();
      const called = Promise.withResolvers<string>();
      one.subscribe("a", {
        timeout: 30,
        callback: (error) => called.resolve(errorNames(error)),
      });
      const iterated = one.subscribe("b", { timeout: 30 });
      return [await outcome(() => textsOf(iterated)), await called.promise];
    },
  },
  {
    name: "draining keeps what has arrived",
    run: async ({ client }) => {
      const one = await client();
      const subscription = one.subscribe("a");
      one.publish("a", "1");
      one.publish("a", "2");
      await subscription.drain();
      one.publish("a", "3");
      await one.flush();
      return [await textsOf(subscription), subscription.isClosed()];
    },
  },
  {
    name: "unsubscribing and draining twice does nothing",
    run: async ({ client }) => {
      const one = await client();
      const subscription = one.subscribe("a");
      subscription.unsubscribe();
      subscription.unsubscribe();
      return [await outcome(() => subscription.drain())];
    },
  },
  {
    name: "payloads are bytes, texts and JSON",
    run: async ({ client, library }) => {
      const one = await client();
      const subscription = one.subscribe("a", { max: 4 });
      one.publish("a");
      one.publish("a", library.Empty);
      one.publish("a", JSON.stringify({ n: 1 }));
      one.publish("a", "{");
      const read: unknown[] = [];
      for await (const message of subscription) {
        read.push(
          message.data.length,
          message.string(),
          await outcome(() =>
            message.json((_key, value) =>
              typeof value === "number" ? value + 1 : value
            )
          ),
        );
      }
      return read;
    },
  },
  {
    name: "subjects that make no sense are refused",
    run: async ({ client }) => {
      const one = await client();
      return [
        await outcome(() => one.publish("")),
        await outcome(() => one.subscribe("")),
        await outcome(() => one.subscribe("a b")),
        await outcome(() => one.publish("a b")),
        await outcome(() => one.requestMany("a b")),
      ];
    },
  },
  {
    name: "a slow reader is told of, once",
    run: async ({ client }) => {
      const one = await client();
      const told: unknown[] = [];
      const events = one.status();
      const collecting = (async () => {
        for await (const event of events) {
          if (event.type !== "slowConsumer") continue;
          told.push([event.pending, event.sub.getSubject()]);
        }
      })();
      one.subscribe("a", { slow: 2 });
      for (let i = 0; i < 8; i++) one.publish("a");
      await one.flush();
      await one.close();
      await collecting;
      return told;
    },
  },
  {
    name: "headers are kept, counted and found",
    run: ({ library }) => {
      const { headers, Match } = library;
      const h = headers();
      h.append("a", "1");
      h.append("A", "2");
      h.append("a", " 3 ");
      const seen = [
        h.get("a"),
        h.last("a"),
        h.get("A"),
        h.values("a", Match.IgnoreCase),
        h.keys(),
        h.has("x"),
        h.get("x"),
        h.get("a", Match.CanonicalMIME),
        [...h],
      ];
      h.set("a", "4");
      h.delete("A");
      return [
        seen,
        h.values("a"),
        h.has("A"),
        h.code,
        h.status,
        headers(503, "x").status,
        headers(503, "x").hasError,
        fails(() => h.set("a b", "1")),
        fails(() => h.set("a:", "1")),
        fails(() => h.set("a", "1\r\n2")),
      ];
    },
  },
  {
    name: "an iterator is read step by step",
    run: async ({ client, library }) => {
      const one = await client();
      const steps = library.syncIterator(one.subscribe("a", { max: 2 }));
      one.publish("a", "1");
      one.publish("a", "2");
      return [
        (await steps.next())?.string(),
        (await steps.next())?.string(),
        await steps.next(),
      ];
    },
  },
  {
    name: "a trace is asked for by headers",
    run: async ({ client }) => {
      const one = await client();
      // A server that traces tells of the message in place of delivering it.
      const heard = one.subscribe("*", { max: 1 });
      one.publish("a", "x", { traceDestination: "t", traceOnly: true });
      for await (const message of heard) {
        const sent = message.subject === "t"
          ? Object.entries(message.json<Trace>().request.header)
          : [...message.headers ?? []];
        return [message.subject, sent.sort()];
      }
    },
  },
];

/** What a server tells of a message that is traced, as far as this asks. */
interface Trace {
  readonly request: {
    readonly header: Readonly<Record<string, readonly string[]>>;
  };
}
