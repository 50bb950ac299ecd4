/**
 * The problem that the article leaves open, as it tells it: three nodes, a
 * fourth joins, the three die. Workers and publishers that know only the dead
 * three find the fourth, and when that dies too, a fifth elsewhere, each
 * through another kind of service discovery. All are real processes; etcd and
 * the DNS server are real ones, Consul is one of ours.
 */
import { existsSync, readFileSync } from "node:fs";
import { connect, type NatsConnection } from "../../client.ts";
import { defaultRegistryOptions } from "../../src/options/options.ts";
import { startFakeConsul } from "../support/fake_consul.ts";
import { dnsmasqMissing, startDnsmasq } from "../support/dnsmasq.ts";
import { etcdMissing, startEtcd } from "../support/etcd.ts";
import { startMidge } from "../support/midge.ts";
import type { TestProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { meshed, Stage, THREE_URLS } from "./stage.ts";

const FOURTH = "-p 7222 -m 7333 -cluster nats://localhost:7248" +
  " -routes nats://localhost:4248 -DV";
/** It is told of no other node. */
const FIFTH_PORT = 8222;
const FIFTH = `-p ${FIFTH_PORT} -m 8333 -cluster nats://localhost:8248`;
const SRV_NAME = "mesh.test";

/** One way to find the nodes, and who uses it. */
interface Way {
  readonly name: string;
  readonly url: string;
  /** Its worker listens here, so that each way proves itself. */
  readonly subject: string;
}

function way(name: string, url: string): Way {
  return { name, url, subject: `abc.${name}` };
}

/** What a node is told about where to announce itself, and the ways that lead from there to it. */
interface Sources {
  readonly announce: string;
  readonly ways: readonly Way[];
  /** The one that a client keeps for itself. */
  readonly cache: Way;
  /** Lets the DNS name lead to a node. */
  pointNameAt(port: number): Promise<void>;
}

async function startSources(t: TestContext): Promise<Sources> {
  const registry = await startMidge(t, {
    registry: { ...defaultRegistryOptions(), port: 0 },
  });
  const etcd = await startEtcd(t);
  const consul = await startFakeConsul(t);
  const dns = await startDnsmasq(t);
  const places = [
    way(
      "registry",
      `registry://127.0.0.1:${registry.server.registryAddress!.port}`,
    ),
    way("etcd", `etcd://127.0.0.1:${etcd.port}/midge`),
    way("consul", `consul://127.0.0.1:${consul.port}/midge`),
    way("file", `file://${temporaryFolder(t)}/`),
  ];
  return {
    announce: places.map(({ url }) => url).join(","),
    ways: [...places, way("srv", `srv://${SRV_NAME}?resolver=${dns.resolver}`)],
    cache: way("cache", `cache://${temporaryFolder(t)}/servers.json`),
    pointNameAt: (port) =>
      dns.serve({
        hosts: { [`node.${SRV_NAME}`]: ["127.0.0.1"] },
        services: [{
          name: `_nats._tcp.${SRV_NAME}`,
          target: `node.${SRV_NAME}`,
          port,
        }],
      }),
  };
}

/** A worker that knows the three only, once it has found a node that lives. */
async function coldWorker(stage: Stage, way: Way): Promise<TestProcess> {
  const { url, subject } = way;
  const args = ["-s", THREE_URLS, "-subj", subject, "-discover", url];
  const worker = stage.run("scripts/worker.ts", args);
  await worker.waitFor(` ${subject}\n`);
  return worker;
}

/** A publisher that knows the three only finds the worker of the same way. */
async function publishCold(
  stage: Stage,
  { url, subject }: Way,
  worker: TestProcess,
): Promise<void> {
  const id = await stage.publish(
    "-s",
    THREE_URLS,
    "-subj",
    subject,
    "-discover",
    url,
  );
  await worker.waitFor(`${id} Midge 0\n`);
}

/** A publisher that is there all the time publishes until the worker has one message more. */
async function publishOn(
  publisher: NatsConnection,
  worker: TestProcess,
  text: string,
): Promise<void> {
  let count = 0;
  await until(`${text} at the worker`, () => {
    publisher.publish("abc", `${text} ${count++}`);
    return worker.stderr.includes(text);
  });
}

const skip = [etcdMissing, dnsmasqMissing].find((reason) => reason !== false) ??
  false;

test("clients that know only dead nodes find the fourth, and then the fifth", {
  skip,
}, async (t) => {
  const stage = await Stage.enter(t);
  const sources = await startSources(t);
  const { announce, ways, cache } = sources;

  // The article's three nodes, with a worker and a publisher; a fourth joins.
  const three = await stage.threeNodes();
  const worker = await stage.worker(
    "-s",
    THREE_URLS,
    "-discover",
    ways[0]!.url,
  );
  const publisher = await connect({
    servers: THREE_URLS,
    noRandomize: true,
    discovery: ways[1]!.url,
  });
  t.after(() => publisher.close());
  await publishOn(publisher, worker, "while three live");
  const fourth = await stage.node("d", `${FOURTH} -announce ${announce}`);
  await meshed([...three, fourth]);
  await sources.pointNameAt(fourth.clientPort);
  const remembering = await coldWorker(stage, cache);
  const cacheFile = cache.url.slice("cache://".length);
  await until("the fourth in the cache", () =>
    existsSync(cacheFile) &&
    readFileSync(cacheFile, "utf8").includes(`:${fourth.clientPort}`));
  await remembering.stop();

  // The three die. Who is running moves at once, who starts now finds the fourth.
  await Promise.all(three.map((node) => node.kill()));
  await publishOn(publisher, worker, "while the fourth lives");
  const workers = await Promise.all(
    [...ways, cache].map((way) => coldWorker(stage, way)),
  );
  await Promise.all(
    [...ways, cache].map((way, at) => publishCold(stage, way, workers[at]!)),
  );

  // The fourth dies, and a fifth elsewhere takes over under the same names.
  await fourth.kill();
  await sources.pointNameAt(FIFTH_PORT);
  const fifth = stage.run(
    "server.ts",
    `${FIFTH} -announce ${announce}`.split(" "),
  );
  await fifth.waitFor("Server is ready");
  await publishOn(publisher, worker, "while the fifth lives");
  await Promise.all(ways.map(async (way, at) => {
    await workers[at]!.waitFor(`:${FIFTH_PORT}!`);
    await publishCold(stage, way, workers[at]!);
  }));
});
