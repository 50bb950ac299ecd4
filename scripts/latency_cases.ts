/**
 * What `bench_latency.ts` does to a server while a good client measures: each
 * case is something that one peer may do, and that must not keep others waiting.
 */
import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import type { RunningContender } from "./contenders.ts";
import { infoOf, Peer } from "./latency_peer.ts";

/** Where a case finds its server and its tools. */
export interface Site {
  readonly server: RunningContender;
  readonly httpPort: number;
  readonly routePort: number;
  /** Of a server that has a registry. */
  readonly registryPort: number;
  /** The path of `natsload`. */
  readonly generator: string;
}

export interface LatencyCase {
  readonly name: string;
  /** False: it is about the registry, and nats-server has nothing of the kind. */
  readonly isNats?: false;
  /** Gets everything ready; gives the load, which is measured, and may give a remark. */
  prepare(site: Site): Promise<() => Promise<string | void>>;
}

const MILLION = 1_000_000;

/** `count` lines in parts of a thousand. */
function* lines(
  count: number,
  line: (n: number) => string,
): Generator<string> {
  for (let start = 0; start < count; start += 1000) {
    let part = "";
    const end = Math.min(count, start + 1000);
    for (let n = start; n < end; n++) part += line(n);
    yield part;
  }
}

function subs(count: number): Generator<string> {
  return lines(count, (n) => `SUB orders.${n}.created ${n}\r\n`);
}

/** A client with a million subscriptions. */
async function millionaire({ server }: Site): Promise<Peer> {
  const peer = await Peer.client(server.port);
  await peer.sendAll(subs(MILLION));
  return peer;
}

/** Fetches a page to its end and forgets it; gives its length. */
async function page(port: number, path: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  let length = 0;
  for await (const part of answer.body!) length += part.length;
  return length;
}

async function field(
  port: number,
  path: string,
  name: string,
): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return Number((await answer.json() as Record<string, unknown>)[name]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One run of `natsload`, which prints JSON. */
export async function natsload(
  { generator, server }: Pick<Site, "generator" | "server">,
  args: readonly string[],
): Promise<Record<string, number>> {
  const at = `127.0.0.1:${server.port}`;
  const child = spawn(generator, [...args, "-p", at], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => text += chunk);
  await once(child, "close");
  if (text === "") throw new Error(`natsload ${args.join(" ")} said nothing`);
  return JSON.parse(text);
}

function flood(name: string, ...args: string[]): LatencyCase {
  return {
    name,
    prepare: (site) =>
      Promise.resolve(async () => {
        const { seconds } = await natsload(site, args);
        return `${seconds} s`;
      }),
  };
}

/** `send` again and again, whenever there is room, until `stop`. */
function keepSending(peer: Peer, bytes: Uint8Array): () => void {
  let isOn = true;
  const more = (): void => {
    while (isOn && peer.socket.write(bytes));
  };
  peer.socket.on("drain", more);
  more();
  return () => isOn = false;
}

const walks: LatencyCase = {
  name: "90 KB of PUBs through 16,384 patterns",
  async prepare({ server }) {
    const listener = await Peer.client(server.port);
    const depth = 14;
    const pattern = (bits: number): string =>
      Array.from({ length: depth }, (_, n) => (bits >> n) & 1 ? "*" : "a")
        .join(".");
    await listener.sendAll(
      lines(2 ** depth, (n) => `SUB ${pattern(n)}.zzz ${n}\r\n`),
    );
    const publisher = await Peer.client(server.port);
    const subject = "a.".repeat(depth);
    let text = "";
    for (let n = 0; text.length < 90_000; n++) {
      text += `PUB ${subject}${n} 0\r\n\r\n`;
    }
    return () => publisher.sendAll([text]);
  },
};

const subsComing: LatencyCase = {
  name: "1,000,000 subscriptions come",
  async prepare({ server }) {
    const peer = await Peer.client(server.port);
    const parts = [...subs(MILLION)];
    return () => peer.sendAll(parts);
  },
};

function pageOf(name: string, path: string): LatencyCase {
  return {
    name,
    async prepare(site) {
      await millionaire(site);
      return async () => {
        const bytes = await page(site.httpPort, path);
        return `${(bytes / 1e6).toFixed(0)} MB`;
      };
    },
  };
}

const subsGoing: LatencyCase = {
  name: "a client with 1,000,000 subscriptions ends",
  async prepare(site) {
    const peer = await millionaire(site);
    return async () => {
      peer.socket.destroy();
      await isGone(site.httpPort);
    };
  },
};

async function isGone(httpPort: number): Promise<void> {
  while (await field(httpPort, "/subsz", "num_subscriptions") > 1000) {
    await sleep(50);
  }
  await sleep(200);
}

const subUnsub: LatencyCase = {
  name: "SUB and UNSUB without pause",
  async prepare(site) {
    const rate = async (): Promise<number> => {
      const args = ["pubsub", "-n", "300000", "-size", "16"];
      return (await natsload(site, args))["delivered_per_s"]!;
    };
    await rate();
    const alone = await rate();
    const peer = await Peer.client(site.server.port);
    const text = [
      ...lines(1000, (n) => `SUB some.${n} ${n}\r\nUNSUB ${n}\r\n`),
    ];
    return async () => {
      const stop = keepSending(peer, Buffer.from(text.join("")));
      const beside = await rate();
      stop();
      return `leaves others ${(100 * beside / alone).toFixed(0)} %`;
    };
  },
};

const PING = Buffer.from("PING\r\n");

const pingsAtOnce: LatencyCase = {
  name: "1,000,000 PINGs at once, ten times",
  async prepare({ server }) {
    const peer = await Peer.client(server.port);
    const pings = Buffer.alloc(MILLION * PING.length, PING);
    return async () => {
      for (let n = 0; n < 10; n++) {
        const all = peer.heard + pings.length;
        peer.socket.write(pings);
        while (peer.heard < all) await once(peer.socket, "data");
      }
    };
  },
};

const interestComing: LatencyCase = {
  name: "1,000,000 RS+ come over a route",
  async prepare({ routePort }) {
    const peer = await Peer.route(routePort, "ZBENCH");
    const parts = [...lines(MILLION, (n) => `RS+ $G orders.${n}.created\r\n`)];
    return () => peer.sendAll(parts);
  },
};

const interestGoing: LatencyCase = {
  name: "a route with 1,000,000 interests ends",
  async prepare({ routePort, httpPort }) {
    const peer = await Peer.route(routePort, "ZBENCH");
    await peer.sendAll(
      lines(MILLION, (n) => `RS+ $G orders.${n}.created\r\n`),
    );
    return async () => {
      peer.socket.destroy();
      await isGone(httpPort);
    };
  },
};

const interestTold: LatencyCase = {
  name: "a new route is told 1,000,000 interests",
  async prepare(site) {
    await millionaire(site);
    return async () => {
      const peer = await Peer.route(site.routePort, "ZBENCH");
      while (peer.heard < MILLION * 20) await sleep(50);
    };
  },
};

const infoPushed: LatencyCase = {
  name: "routes come and go beside 3,000 clients",
  async prepare(site) {
    await crowd(site, 3000);
    return async () => {
      for (let n = 0; n < 20; n++) {
        const peer = await Peer.route(site.routePort, `ZBENCH${n}`);
        peer.send(`INFO ${
          JSON.stringify({
            ...infoOf(`ZBENCH${n}`),
            connect_urls: [`10.0.0.${n}:4222`],
          })
        }\r\n`);
        await sleep(100);
        peer.socket.destroy();
        await sleep(100);
      }
    };
  },
};

/** Clients that have had their PONG; each has a few subscriptions. */
async function crowd({ server }: Site, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  const hello = 'CONNECT {"verbose":false,"protocol":1}\r\n' +
    "SUB crowd.news 1\r\nSUB crowd.weather 2\r\nSUB crowd.>.x 3\r\n";
  while (peers.length < count) {
    peers.push(
      ...await Promise.all(
        Array.from({ length: 50 }, () => Peer.open(server.port, hello)),
      ),
    );
  }
  return peers;
}

const crowdPages: LatencyCase = {
  name: "pages over 5,000 clients, four at a time",
  async prepare(site) {
    await crowd(site, 5000);
    const paths = [
      "/connz?subs=detail&limit=5000&sort=bytes_to",
      "/subsz?subs=1&limit=20000",
      "/connz?limit=5000",
      "/varz",
    ];
    return async () => {
      for (let n = 0; n < 10; n++) {
        await Promise.all(paths.map((path) => page(site.httpPort, path)));
      }
    };
  },
};

const crowdGoing: LatencyCase = {
  name: "5,000 clients end at once",
  async prepare(site) {
    const peers = await crowd(site, 5000);
    return async () => {
      for (const { socket } of peers) socket.destroy();
      while (await field(site.httpPort, "/varz", "connections") > 1) {
        await sleep(20);
      }
    };
  },
};

/** The most memory that the server takes while `wait` goes on, beyond what it took before. */
async function mostMemory(
  { server }: Site,
  seconds: number,
  begin: () => void,
): Promise<string> {
  const before = server.memory("VmRSS");
  begin();
  let most = before;
  for (let n = 0; n < seconds * 10; n++) {
    await sleep(100);
    most = Math.max(most, server.memory("VmRSS"));
  }
  return `+${(most - before).toFixed(0)} MiB`;
}

async function unread(port: number): Promise<Socket> {
  const socket = dial(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

const unreadConnz: LatencyCase = {
  name: "20,000 unread GET /connz, 300 clients",
  async prepare(site) {
    await crowd(site, 300);
    const socket = await unread(site.httpPort);
    return () =>
      mostMemory(
        site,
        10,
        () => socket.write(request("/connz").repeat(20_000)),
      );
  },
};

/** Nodes that make a list of half a megabyte. */
async function announceMany({ registryPort }: Site): Promise<void> {
  for (let n = 0; n < 250; n++) {
    const url = `nats://${"x".repeat(55)}.${"y".repeat(35)}.${n}.example.org`;
    const urls = Array.from({ length: 16 }, (_, at) => `${url}:${4000 + at}`);
    const path = `http://127.0.0.1:${registryPort}/v1/nodes/node-${n}`;
    const body = JSON.stringify({ urls, ttl: 600_000 });
    const answer = await fetch(path, { method: "PUT", body });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.text();
  }
}

const unreadNodes: LatencyCase = {
  name: "5,000 unread GET /v1/nodes of 0.5 MB",
  isNats: false,
  async prepare(site) {
    await announceMany(site);
    const length = await page(site.registryPort, "/v1/nodes");
    const socket = await unread(site.registryPort);
    return async () => {
      const more = await mostMemory(
        site,
        10,
        () => socket.write(request("/v1/nodes").repeat(5000)),
      );
      return `${more}, ${length} bytes each`;
    };
  },
};

const streamsHangUp: LatencyCase = {
  name: "1,200 unread event streams that hang up",
  isNats: false,
  async prepare(site) {
    await announceMany(site);
    return async () => {
      const before = site.server.memory("VmRSS");
      const most = await mostMemory(site, 5, async () => {
        const sockets = await Promise.all(
          Array.from({ length: 1200 }, () => unread(site.registryPort)),
        );
        for (const socket of sockets) {
          socket.write(
            request("/discoveryz/stream"),
          );
        }
        await sleep(3000);
        for (const socket of sockets) socket.destroy();
      });
      await sleep(2000);
      const left = site.server.memory("VmRSS") - before;
      return `${most}, afterwards +${left.toFixed(0)} MiB`;
    };
  },
};

export const CASES: readonly LatencyCase[] = [
  walks,
  subsComing,
  pageOf("/connz?subs=detail over 1,000,000", "/connz?subs=detail"),
  pageOf("/subsz over 1,000,000", `/subsz?subs=1&limit=${MILLION}`),
  subsGoing,
  flood(
    "30,000 messages to 3,000 subscriptions of one client",
    ...["pubsub", "-n", "30000", "-size", "16", "-subs", "1", "-each", "3000"],
  ),
  flood(
    "200 messages to 100,000 subscriptions of one client",
    ...["pubsub", "-n", "200", "-size", "16", "-subs", "1", "-each", "100000"],
  ),
  flood(
    "3,000 messages to 3,000 clients",
    ...["pubsub", "-n", "3000", "-size", "16", "-subs", "3000"],
  ),
  flood(
    "tiny messages from three clients, nobody hears",
    ...["pubsub", "-pubs", "3", "-n", "6000000", "-size", "0", "-subs", "0"],
  ),
  flood(
    "tiny messages from three clients to two",
    ...["pubsub", "-pubs", "3", "-n", "3000000", "-size", "0", "-subs", "2"],
  ),
  subUnsub,
  pingsAtOnce,
  interestComing,
  interestGoing,
  interestTold,
  infoPushed,
  crowdPages,
  crowdGoing,
  flood(
    "3,000 connections at once",
    ...["burst", "-conns", "3000", "-inflight", "3000", "-hold", "1"],
  ),
  flood(
    "10,000 connections opened and closed",
    ...["burst", "-conns", "10000", "-inflight", "2000"],
  ),
  unreadConnz,
  unreadNodes,
  streamsHangUp,
];
