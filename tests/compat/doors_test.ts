/**
 * The files of `differential/door_talks`: what peers hear at the doors of Midge
 * and of the nats-server whose behaviour counts, through TLS, as a WebSocket and
 * behind a proxy, and which configurations of doors both refuse with the same
 * words.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/app/start_server.ts";
import { ConfigError } from "../../src/config/dialect/diagnostic.ts";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { modelMissing, newestNatsServer } from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { DIFFERENCES } from "./differential/differences.ts";
import { normal } from "./differential/normal.ts";
import { startMidgeWith, startNatsServerWith } from "./door_servers.ts";
import {
  type DoorGroup,
  type Doors,
  type DoorTalk,
  holdAtDoor,
  readDoorTalks,
} from "./differential/doors/door_talk.ts";

const skip = modelMissing || opensslMissing;
const FOLDER = join(PROJECT_FOLDER, "tests/compat/differential/door_talks");
const GROUPS = readdirSync(FOLDER).sort().flatMap((file) =>
  readDoorTalks(file, readFileSync(join(FOLDER, file), "utf8"))
);
const LISTEN = `listen: "127.0.0.1:-1"\n`;

for (const group of GROUPS) {
  test(
    `at their doors both servers say the same: ${group.title}`,
    { skip },
    (t) => compare(t, group),
  );
}

async function compare(t: TestContext, group: DoorGroup): Promise<void> {
  const certificates = makeCertificates(t);
  const config = LISTEN + filled(group.config, certificates);
  const file = join(temporaryFolder(t), "server.conf");
  writeFileSync(file, config);
  const disagreements: string[] = [];
  if (group.talks.length > 0) {
    const [midge, natsServer] = await Promise.all([
      startMidgeWith(t, file).catch((error: Error) => error),
      startNatsServerWith(t, file),
    ]);
    if (midge instanceof Error) {
      // Deno's TLS chooses by itself, and is not to be told to.
      if (!/cannot be limited on/.test(midge.message)) throw midge;
      return t.skip(midge.message);
    }
    for (const talk of group.talks) {
      const [mine, theirs] = await Promise.all(
        [midge, natsServer].map((doors) => heard(talk, doors, certificates)),
      );
      if (!areAlike(mine!, theirs!)) {
        disagreements.push(shown(talk, mine!, theirs!));
      }
    }
  }
  for (const { title, lines } of group.refusals) {
    writeFileSync(file, filled(lines.join("\n"), certificates));
    const mine = await midgeRefusals(file);
    const theirs = await natsServerRefusal(file);
    // Some faults it tells without their place.
    const hasPlace = /^\d+: /.test(theirs);
    const same = (text: string): boolean =>
      (hasPlace ? text : text.replace(/^\d+: /, "")) === theirs;
    if (!mine.some(same)) {
      const lines = mine.map((line) => `- ${line}`).join("\n");
      disagreements.push(`# ${title}\n${lines}\n+ ${theirs}`);
    }
  }
  assert.equal(
    disagreements.join("\n\n"),
    "",
    'Midge says "-", nats-server "+"',
  );
}

/**
 * Its CLOSE for a bad frame and the end of the connection race in nats-server.
 * A certificate that nobody vouches for is found out behind the handshake by
 * Midge's runtimes, which then send no alert: `docs/missing.md` tells it.
 */
function areAlike(mine: string, theirs: string): boolean {
  const withoutClose = (text: string): string =>
    text.replace(/<frame 88>\n1002 .*\n/g, "")
      .replace(/<tls error ERR_SSL_TLSV1_ALERT_UNKNOWN_CA>\n/g, "");
  return mine === theirs ||
    mine.length !== theirs.length &&
      withoutClose(mine) === withoutClose(theirs);
}

function filled(text: string, certificates: Certificates): string {
  return text.replaceAll(
    /<<(\w+)\.(cert|key)>>/g,
    (_, name: keyof Certificates, what: "cert" | "key") =>
      certificates[name][`${what}File`],
  );
}

/** A record of TLS that holds an alert in clear: seven bytes. */
const ALERT = new RegExp(`${"\x15\x03"}[^]{5}\\n?`, "g");

async function heard(
  talk: DoorTalk,
  doors: Doors,
  certificates: Certificates,
): Promise<string> {
  const text = await holdAtDoor(talk, doors, certificates)
    .catch((error: Error) => `failed: ${error.message}`);
  let rest = normal(text).replace(/^Date: .*\r\n/gm, "Date: <date>\r\n")
    // Whether junk gets an alert of TLS is up to each implementation of it.
    .replace(ALERT, "");
  for (const { extra, own } of DIFFERENCES) {
    if (extra !== undefined) rest = rest.replace(extra.bytes, "");
    if (own !== undefined) rest = rest.replace(own, "<own>");
  }
  return rest;
}

function shown({ title }: DoorTalk, mine: string, theirs: string): string {
  const lines = (text: string, sign: string): string =>
    text.split("\n").map((line) =>
      `${sign} ${JSON.stringify(line).slice(1, -1)}`
    )
      .join("\n").slice(0, 2500);
  return `# ${title}\n${lines(mine, "-")}\n${lines(theirs, "+")}`;
}

/** All that is wrong, each with its line: nats-server tells the first that it meets. */
async function midgeRefusals(file: string): Promise<string[]> {
  try {
    const server = await startServer({ include: file });
    await server.stop();
    return ["taken"];
  } catch (error) {
    if (!(error instanceof ConfigError)) return [(error as Error).message];
    return error.diagnostics.map(({ line, message }) => `${line}: ${message}`);
  }
}

async function natsServerRefusal(file: string): Promise<string> {
  const server = spawnCommand([newestNatsServer, "-c", file]);
  const ended = server.exited.then(() => true);
  const ready = server.waitFor("Server is ready").then(() => false, () => true);
  const isRefused = await Promise.race([ended, ready]);
  await server.stop();
  if (!isRefused) return "taken";
  const [first = ""] = (server.stderr + server.stdout).split("\n")
    .filter((line) => !/\[INF\]|\[WRN\]|^$/.test(line));
  return first.replace(/^nats-server: |^\[.*?\[\w+\] /, "")
    .replace(`${file}:`, "").replace(/^(\d+):\d+: /, "$1: ");
}
