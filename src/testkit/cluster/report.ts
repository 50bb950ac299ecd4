/** What a failed test shows of its cluster: the seed, and the last lines of each node. */
import type { RunningCluster } from "./cluster.ts";
import { logText } from "./failure.ts";

/** The last `count` lines of each node. */
export function reportOf(cluster: RunningCluster, count: number): string {
  const shown = new Map<string, number>();
  const lines = cluster.log().reverse().filter(({ node }) => {
    const number = (shown.get(node) ?? 0) + 1;
    shown.set(node, number);
    return number <= count;
  }).reverse();
  const { seed } = cluster;
  return (seed === undefined ? "" : `seed ${seed}\n`) + logText(lines);
}
