/** The three configurations of the article, as they stand in `examples/article`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadOptions } from "../../cfgparse.ts";
import {
  defaultAuthorizationOptions,
  defaultClusterOptions,
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

interface Node {
  readonly name: string;
  /** First digit of the node's ports: 4222, 4333, 4248. */
  readonly thousands: number;
  readonly dials: readonly [number, number];
}

const NODES: readonly Node[] = [
  { name: "nodea", thousands: 4000, dials: [5248, 6248] },
  { name: "nodeb", thousands: 5000, dials: [4248, 6248] },
  { name: "nodec", thousands: 6000, dials: [5248, 4248] },
];

function expectedOptions({ name, thousands, dials }: Node): ServerOptions {
  return {
    ...defaultServerOptions(),
    host: "localhost",
    port: thousands + 222,
    http: { host: "localhost", port: thousands + 333 },
    trace: true,
    logtime: false,
    logFile: `${name}.log`,
    pidFile: `${name}.pid`,
    maxConnections: 100,
    maxSubscriptions: 1000,
    maxControlLineBytes: 512,
    maxPayloadBytes: 65_536,
    writeDeadlineMs: 2000,
    cluster: {
      ...defaultClusterOptions(),
      host: "localhost",
      port: thousands + 248,
      routes: dials.map((port) => ({ host: "127.0.0.1", port })),
    },
  };
}

for (const node of NODES) {
  test(`the article's ${node.name}.cfg is read`, async () => {
    const path = join(
      PROJECT_FOLDER,
      "examples",
      "article",
      `${node.name}.cfg`,
    );
    const { options, warnings } = await loadOptions(path);
    const expected = expectedOptions(node);
    expected.configFile = path;
    if (node.name === "nodeb") addTokens(expected);
    assert.deepEqual(options, expected);
    assert.deepEqual(warnings, []);
  });
}

// Node b is the one whose tokens are not commented out.
function addTokens(options: ServerOptions): void {
  options.authorization = {
    ...defaultAuthorizationOptions(),
    token: "$2a$11$ToARKoxzTSTXxKCljOFe4eDmiPQ/EcaB0M7V8mGE1tfgOv97.iECe",
    timeoutMs: 1000,
  };
  if (options.cluster === undefined) return;
  options.cluster.authorization = {
    ...defaultAuthorizationOptions(),
    token: "$2a$11$EriHSUV8WO7PWUXTxOCY5uP7MhAswLE2tqQQPuz6kaoF89KhO8CcW",
    timeoutMs: 500,
  };
}
