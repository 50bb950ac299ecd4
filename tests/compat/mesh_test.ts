/** Mixed clusters with the nats-servers of this machine. */
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { startMidge } from "../support/midge.ts";
import { routeCount } from "../routes/route_peer.ts";
import { natsPrograms, startNats } from "./mesh_servers.ts";
import { routeAt, untilTold } from "./mesh_stage.ts";
import { meshSuite } from "./mesh_suite.ts";

for (const program of natsPrograms) {
  const { title, missing } = program;
  if (missing === false) meshSuite(program);
  else test(`Midge and the ${title}`, { skip: missing }, () => {});

  test(
    `${title} tells a client of a Midge that comes before it has logged in`,
    {
      skip: missing,
    },
    async (t) => {
      const nats = await startNats(t, program);
      const client = await connectPeer({ port: nats.port });
      t.after(() => client.close());
      await client.heard("\r\n", 0);
      const routes = [routeAt(nats.clusterPort)];
      const midge = await startMidge(t, { cluster: { routes } });
      await until("route", () => routeCount(midge) === 1);
      await client.handshake({ protocol: 1 });
      await untilTold(
        client,
        (told) => told.includes(`127.0.0.1:${midge.port}`),
      );
    },
  );
}
