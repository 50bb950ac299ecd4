/** Steps for both client libraries: connections, logins and what is told of them. */
import { fails, outcome, type Step, textsOf } from "./client_pair_observe.ts";

export const CONNECTION_STEPS: readonly Step[] = [
  {
    name: "a connection drains, and then is closed",
    run: async ({ client }) => {
      const one = await client();
      one.subscribe("a");
      const drained = one.drain();
      const during = [
        await outcome(() => one.subscribe("b")),
        one.isDraining(),
      ];
      await drained;
      return [
        during,
        one.isClosed(),
        await outcome(() => one.publish("a")),
        await outcome(() => one.subscribe("a")),
        await outcome(() => one.request("a")),
        await outcome(() => one.flush()),
        await outcome(() => one.drain()),
        String(await one.closed()),
      ];
    },
  },
  {
    name: "inboxes have a prefix and a name of their own",
    run: async ({ client, library }) => {
      const shapes = ["", "a.b"].map((prefix) =>
        library.createInbox(prefix).replace(/[0-9A-Za-z]{22}$/, "*")
      );
      const one = await client({ inboxPrefix: "my.box" });
      one.subscribe("ask", {
        callback: (_error, message) => void message.respond(message.reply),
      });
      const reply = (await one.request("ask")).string();
      return [
        shapes,
        reply.startsWith("my.box."),
        fails(() => library.createInbox("a.*")),
        await outcome(() => client({ inboxPrefix: "x.*" })),
      ];
    },
  },
  {
    name: "messages are counted",
    run: async ({ client, library }) => {
      const one = await client();
      const head = library.headers();
      head.set("a", "b");
      one.subscribe("a", { callback: () => {} });
      one.publish("a", "123");
      one.publish("a", "123", { headers: head });
      await one.flush();
      const { inMsgs, outMsgs, inBytes, outBytes } = one.stats();
      return [inMsgs, outMsgs, inBytes, outBytes];
    },
  },
  {
    name: "a client without echo does not hear itself",
    run: async ({ client }) => {
      const one = await client({ noEcho: true });
      const other = await client();
      const heard = one.subscribe("a", { max: 1 });
      await one.flush();
      one.publish("a", "own");
      await one.flush();
      other.publish("a", "foreign");
      return await textsOf(heard);
    },
  },
  {
    name: "the server is known by its INFO",
    run: async ({ client }) => {
      const one = await client();
      const { info } = one;
      return [
        info?.version,
        info?.headers,
        info?.proto,
        info?.max_payload,
        one.getServer() === `127.0.0.1:${info?.port}`,
        one.getServers().map(({ listen }) => listen === one.getServer()),
        await one.rtt() >= 0,
      ];
    },
  },
  {
    name: "user and password open the door",
    config: { authorization: { user: "ann", password: "x" } },
    run: async ({ client, library }) => {
      const named = library.usernamePasswordAuthenticator("ann", () => "x");
      const wrong = library.usernamePasswordAuthenticator("ann", "y");
      return [
        await outcome(() => client({ user: "ann", pass: "x" })),
        await outcome(() => client({ authenticator: named })),
        await outcome(() => client({ authenticator: wrong })),
        await outcome(() => client()),
      ];
    },
  },
  {
    name: "a token opens the door",
    config: { authorization: { token: "t0p" } },
    run: async ({ client, library }) => {
      const token = library.tokenAuthenticator(() => "t0p");
      return [
        await outcome(() => client({ token: "t0p" })),
        await outcome(() => client({ authenticator: token })),
        await outcome(() => client({ token: "no" })),
      ];
    },
  },
  {
    name: "options that contradict each other are refused",
    run: async ({ client }) => [
      await outcome(() => client({ port: 1 })),
    ],
  },
];
