/** The client library against Midge's own broker, in the test's process. */
import { startServer } from "../../server.ts";
import type { BrokerOptions, RunningBroker } from "./stage.ts";
import { clientSuite } from "./suite.ts";

clientSuite("midge", { start: startMidge });

async function startMidge(options: BrokerOptions): Promise<RunningBroker> {
  const { config, port = 0, routes } = options;
  const cluster = routes === undefined ? {} : {
    cluster: {
      name: "test",
      host: "127.0.0.1",
      port: 0,
      routes: routes.map((route) => `nats-route://127.0.0.1:${route}`),
    },
  };
  const server = await startServer({
    ...config,
    host: "127.0.0.1",
    port,
    ...cluster,
  });
  return {
    port: server.broker.port.lastAddress.port,
    clusterPort: server.clusterAddress?.port ?? 0,
    stop: () => server.stop(),
  };
}
