/**
 * A real DNS server beside the tests: dnsmasq on a free port of 127.0.0.1, which
 * serves the zone `test` and nothing else. It reads its records only when it
 * starts, so `serve` starts it again, on the same port. Tests that need it are
 * skipped, with `dnsmasqMissing` as the reason, where there is none.
 */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./free_port.ts";
import { spawnCommand, type TestProcess } from "./process.ts";
import { type Cleanup, temporaryFolder } from "./temp.ts";

const DEBIAN_COMMAND = "/usr/sbin/dnsmasq";
const COMMAND: string = process.env["MIDGE_DNSMASQ"] ??
  (existsSync(DEBIAN_COMMAND) ? DEBIAN_COMMAND : "dnsmasq");

/** Why dnsmasq cannot be used; false when it can. For the `skip` option of tests. */
export const dnsmasqMissing: string | false =
  spawnSync(COMMAND, ["--version"]).status === 0
    ? false
    : `"${COMMAND}" does not run; set MIDGE_DNSMASQ`;

/** A test that looks whether the port is free has it for a moment. */
const TRIES = 3;

/** What is served. */
export interface Zone {
  /** Addresses by name, of both kinds. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly services?: readonly Service[];
  /** Time to live of every record; default: 0. */
  readonly ttlSeconds?: number;
}

/** An SRV record. */
export interface Service {
  /** Such as `_nats._tcp.midge.test`. */
  readonly name: string;
  /** Empty for ".", which means that there is no such service. */
  readonly target: string;
  readonly port?: number;
  readonly priority?: number;
  readonly weight?: number;
}

export class Dnsmasq {
  readonly port: number;
  /** `host:port`. */
  readonly resolver: string;
  readonly #config: string;
  #process: TestProcess | undefined;

  constructor(port: number, folder: string) {
    this.port = port;
    this.resolver = `127.0.0.1:${port}`;
    this.#config = join(folder, "dnsmasq.conf");
  }

  /** Serves these records, and no others, from the time that it resolves. */
  async serve(zone: Zone): Promise<void> {
    writeFileSync(this.#config, configOf(this.port, zone));
    await this.stop();
    await this.start();
  }

  /** Serves what was served before. */
  async start(): Promise<void> {
    for (let triesLeft = TRIES; triesLeft > 0; triesLeft--) {
      try {
        return await this.#startOnce();
      } catch (error) {
        if (triesLeft === 1) throw error;
      }
    }
  }

  /** From then on nobody answers. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async #startOnce(): Promise<void> {
    const command = [COMMAND, "--no-daemon", `--conf-file=${this.#config}`];
    this.#process = spawnCommand(command);
    await this.#process.waitFor("started, version");
  }
}

/** Starts a server with an empty zone that ends with the test. */
export async function startDnsmasq(t: Cleanup): Promise<Dnsmasq> {
  const dnsmasq = new Dnsmasq(await freePort(), temporaryFolder(t));
  t.after(() => dnsmasq.stop());
  await dnsmasq.serve({});
  return dnsmasq;
}

function configOf(port: number, zone: Zone): string {
  const { hosts = {}, services = [], ttlSeconds = 0 } = zone;
  const addresses = Object.entries(hosts).flatMap(([name, list]) =>
    list.map((address) => `host-record=${name},${address}`)
  );
  const lines = [
    `port=${port}`,
    "listen-address=127.0.0.1",
    "bind-interfaces",
    "no-resolv",
    "no-hosts",
    "pid-file=",
    "user=",
    "local=/test/",
    `local-ttl=${ttlSeconds}`,
    ...addresses,
    ...services.map(serviceLine),
  ];
  return lines.join("\n") + "\n";
}

function serviceLine(service: Service): string {
  const { name, target, port = 4222, priority = 0, weight = 0 } = service;
  return target === ""
    ? `srv-host=${name}`
    : `srv-host=${name},${target},${port},${priority},${weight}`;
}
