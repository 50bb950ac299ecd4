/**
 * Reading a configuration: the dialect of nats-server as a tree, as plain
 * values, and as the options of a server. Errors name their line and column.
 *
 *   deno run -A examples/configuration.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   {"port":4222,"max_payload":65536,"cluster":{"name":"east"}}
 *   the largest message has 65536 bytes
 *   server.conf:2:1: unknown field "monitoring"
 *     monitoring: 8222
 *     ^
 */
import { ConfigError, optionsFrom, parseConfig, toPlain } from "midge/cfgparse";

const { root } = parseConfig(`
  port: 4222, max_payload: 64kb
  cluster { name: east }
`);
console.log(JSON.stringify(toPlain(root)));
const { options } = optionsFrom(root);
console.log(`the largest message has ${options.maxPayloadBytes} bytes`);

try {
  const wrong = "port: 4222\nmonitoring: 8222\n";
  optionsFrom(parseConfig(wrong, { file: "server.conf" }).root);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(error.message);
}
