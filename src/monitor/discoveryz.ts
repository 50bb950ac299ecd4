/**
 * `/discoveryz`: this server and the other servers of its cluster, with the
 * doors of each, as discovery reads lists of nodes. It is Midge's own page: a
 * client that reaches one server learns of the others here.
 */
import { nodeToJson } from "../discovery/node_record.ts";
import type { Page } from "./page.ts";
import type { Discoveryz } from "./page_types.ts";
import { timeText } from "./text.ts";

export const discoveryz: Page<void, "nodes", Discoveryz> = {
  read: () => {},
  wants: () => ({ nodes: true }),
  show: ({ serverId, serverName, now, shiftMs, nodes }) => ({
    server_id: serverId,
    server_name: serverName,
    now: timeText(now + shiftMs),
    nodes: nodes.map(nodeToJson),
  }),
};
