/** Steps for both client libraries: requests with one answer and with many. */
import type { RequestManyOptions } from "../../client.ts";
import { outcome, type Step, textsOf } from "./client_pair_observe.ts";

export const REQUEST_STEPS: readonly Step[] = [
  {
    name: "a request is answered, with headers",
    run: async ({ client, library }) => {
      const one = await client();
      one.subscribe("ask", {
        callback: (_error, message) => {
          const answer = library.headers(299, "Nearly");
          answer.set("Seen", message.headers?.get("Id") ?? "");
          message.respond(message.data, { headers: answer });
        },
      });
      const question = library.headers();
      question.set("Id", "7");
      const answer = await one.request("ask", "text", {
        timeout: 5000,
        headers: question,
      });
      return [
        answer.string(),
        answer.headers?.code,
        answer.headers?.description,
        answer.headers?.status,
        answer.headers?.hasError,
        answer.headers?.get("Seen"),
      ];
    },
  },
  {
    name: "a request fails: nobody listens, nobody answers, nonsense",
    run: async ({ client }) => {
      const one = await client();
      one.subscribe("silent", { callback: () => {} });
      const fails: unknown[] = [];
      for (const noMux of [false, true]) {
        fails.push(
          await outcome(() =>
            one.request("nobody", "", { timeout: 5000, noMux })
          ),
          await outcome(() =>
            one.request("silent", "", { timeout: 30, noMux })
          ),
        );
      }
      fails.push(
        await outcome(() => one.request("a", "", { timeout: 30, reply: "b" })),
        await outcome(() => one.request("", "", { timeout: 30 })),
      );
      return fails;
    },
  },
  {
    name: "a request may name its reply subject",
    run: async ({ client }) => {
      const one = await client();
      one.subscribe("ask", {
        callback: (_error, message) => void message.respond(message.reply),
      });
      const options = { timeout: 5000, noMux: true, reply: "my.answers" };
      return (await one.request("ask", "", options)).string();
    },
  },
  ...manyAnswers(),
  {
    name: "many answers: nobody listens",
    run: async ({ client }) => {
      const one = await client();
      return await outcome(async () =>
        textsOf(await one.requestMany("nobody", "", { maxWait: 5000 }))
      );
    },
  },
  {
    name: "messages are passed on, and answered with themselves",
    run: async ({ client, library }) => {
      const one = await client();
      one.subscribe("echo", {
        callback: (_error, message) => void one.respondMessage(message),
      });
      const head = library.headers();
      head.set("K", "v");
      const options = { timeout: 5000, headers: head };
      const answer = await one.request("echo", "hello", options);
      const twice = one.subscribe("loop", { max: 2 });
      let isFirst = true;
      const texts: string[] = [];
      one.publish("loop", "again");
      for await (const message of twice) {
        if (isFirst) one.publishMessage(message);
        isFirst = false;
        texts.push(message.string(), String(one.respondMessage(message)));
        texts.push(String(message.respond("x")));
      }
      return [answer.string(), answer.headers?.get("K"), texts];
    },
  },
];

/** Strategies; with `noMux` the official client has answers too many. */
function manyAnswers(): Step[] {
  const asked: readonly (RequestManyOptions & { to: string })[] = [
    { to: "three", strategy: "count", maxMessages: 2 },
    { to: "three", strategy: "count", maxMessages: 1 },
    { to: "three", strategy: "stall", stall: 100 },
    { to: "three", strategy: "sentinel" },
    { to: "three", strategy: "timer", maxWait: 300 },
    { to: "three", maxWait: 300, maxMessages: 1 },
    { to: "silent", strategy: "count", maxMessages: 2, maxWait: 50 },
    { to: "silent", strategy: "stall", stall: 10, maxWait: 50 },
    { to: "silent", strategy: "sentinel", maxWait: 50 },
    { to: "three", maxWait: -1 },
  ];
  return asked.map(({ to, ...options }) => ({
    name: `many answers from "${to}": ${JSON.stringify(options)}`,
    run: async ({ client }) => {
      const one = await client();
      one.subscribe("silent", { callback: () => {} });
      one.subscribe("three", {
        callback: (_error, message) => {
          for (const text of ["1", "", "3"]) message.respond(text);
        },
      });
      return await outcome(async () =>
        textsOf(await one.requestMany(to, "", { maxWait: 5000, ...options }))
      );
    },
  }));
}
