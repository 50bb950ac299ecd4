/** A Midge, or the nats-server whose behaviour counts, and where its doors are. */
import { startServer } from "../../src/app/start_server.ts";
import { newestNatsServer } from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import type { Cleanup } from "../support/temp.ts";
import type { Doors } from "./differential/doors/door_talk.ts";

/** A Midge of this process with a configuration file; it ends with the test. */
export async function startMidgeWith(t: Cleanup, file: string): Promise<Doors> {
  const lines: string[] = [];
  const server = await startServer(
    { include: file },
    ({ text }) => void lines.push(text),
  );
  t.after(() => server.stop());
  return doorsIn(lines.join("\n"));
}

/** The real one, likewise. */
export async function startNatsServerWith(
  t: Cleanup,
  file: string,
): Promise<Doors> {
  const server = spawnCommand([newestNatsServer, "-c", file]);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  return doorsIn(server.stderr);
}

const DOORS: readonly (readonly [keyof Doors, RegExp])[] = [
  ["client", /Listening for client connections on 127\.0\.0\.1:(\d+)/],
  [
    "websocket",
    /Listening for websocket clients on wss?:\/\/127\.0\.0\.1:(\d+)/,
  ],
  ["monitor", /Starting https? monitor on 127\.0\.0\.1:(\d+)/],
];

function doorsIn(log: string): Doors {
  return Object.fromEntries(
    DOORS.flatMap(([name, line]) => {
      const port = line.exec(log)?.[1];
      return port === undefined ? [] : [[name, Number(port)]];
    }),
  );
}
