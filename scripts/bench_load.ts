/**
 * One load on one server, or on two with a route between them: the servers are
 * started for it, `natsload` runs, and what it printed is given back with the
 * most memory that a server took.
 */
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import type { FigureName, Load } from "./bench_cases.ts";
import { type Contender, freePort, RunningContender } from "./contenders.ts";

/** The figures of one run. */
export type Figures =
  & { readonly [Name in FigureName]?: number }
  & {
    /** Of all servers, for a message that went in or out, or for a request. */
    readonly cpu_ns?: number;
    /** Of the server that took the most. */
    readonly peak_mib: number;
  };

/** A load as far as it is to be run; `warmUp` in place of half of it. */
type LoadToRun = Pick<Load, "args" | "overRoute"> & {
  readonly warmUp?: readonly string[];
};

/** Measures `load` on servers that are started for it. */
export async function measureLoad(
  contender: Contender,
  { args, overRoute, warmUp = halfOf(args) }: LoadToRun,
  generator: string,
): Promise<Figures> {
  const servers = overRoute === true
    ? await startPair(contender)
    : [await RunningContender.start(contender)];
  try {
    const where = [
      ...["-p", `127.0.0.1:${servers[0]!.port}`],
      ...["-s", `127.0.0.1:${servers.at(-1)!.port}`],
      ...["-pid", servers.map(({ pid }) => pid).join()],
    ];
    // The compilers of the runtimes should have seen the load before it counts.
    if (args[0] !== "idle") run(contender, generator, [...warmUp, ...where]);
    const figures = run(contender, generator, [...args, ...where]);
    const peaks = servers.map((server) => server.memory("VmHWM"));
    return {
      ...figures,
      cpu_ns: figures["server_cpu_ns_per_msg"] ??
        figures["server_cpu_ns_per_request"],
      peak_mib: Math.max(...peaks),
    } as Figures;
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** The same load with half of its messages. */
function halfOf(args: readonly string[]): string[] {
  return args.map((word, at) =>
    args[at - 1] === "-n" ? String(Math.ceil(Number(word) / 2)) : word
  );
}

function run(
  { name }: Contender,
  generator: string,
  args: readonly string[],
): Record<string, number> {
  try {
    return JSON.parse(execFileSync(generator, args, { encoding: "utf8" }));
  } catch (cause) {
    throw new Error(`${name}: natsload ${args.join(" ")} failed`, { cause });
  }
}

/** Two servers of one cluster, when the second has a route to the first. */
async function startPair(contender: Contender): Promise<RunningContender[]> {
  const [routes, pages] = [await freePort(), await freePort()];
  const inCluster = (port: number): string[] => [
    ...["-cluster_name", "bench", "-cluster", `nats://127.0.0.1:${port}`],
  ];
  const first = await RunningContender.start(contender, [
    ...inCluster(routes),
    ...["-m", String(pages)],
  ]);
  try {
    const second = await RunningContender.start(contender, [
      ...inCluster(await freePort()),
      ...["-routes", `nats://127.0.0.1:${routes}`],
    ]);
    await hasRoutes(pages);
    return [first, second];
  } catch (error) {
    await first.stop();
    throw error;
  }
}

/** Resolves when the server has as many routes as half a second before, and at least one. */
async function hasRoutes(httpPort: number): Promise<void> {
  let before = 0;
  for (let tries = 0; tries < 40; tries++) {
    await delay(500);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/routez`);
    const { num_routes: count } = await answer.json();
    if (count > 0 && count === before) return;
    before = count;
  }
  throw new Error("There is no route between the two servers");
}
