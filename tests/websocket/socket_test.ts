/** WebSockets as sockets: the suite of all networks, over those of memory and of the machine. */
import { connect } from "node:net";
import { MemoryNetwork } from "../../src/net/memory.ts";
import { runSoonOn } from "../../src/platform/turns.ts";
import type { Address, Network } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import type { WebSocketSettings } from "../../src/websocket/accept.ts";
import { silentAddress } from "../net/silent_address.ts";
import {
  clientTls,
  securedNetwork,
  serverTls,
} from "../net/secured_network.ts";
import { describeNetwork, describeStreams } from "../net/suite.ts";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { keepMoving } from "../support/virtual_clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { hostOn, OPEN_PORT, WebSocketNetwork } from "./websocket_network.ts";

const SETTINGS = [
  { name: "WebSocket", settings: OPEN_PORT },
  {
    name: "compressed WebSocket",
    settings: {
      ...OPEN_PORT,
      compression: true,
      maxPayloadBytes: 64 * 1024 * 1024,
    },
  },
];

for (const { name, settings } of SETTINGS) {
  describeNetwork(`${name} in memory`, (t) => {
    const seed = freshSeed();
    console.log(`memory network seed ${seed}`);
    const clock = new VirtualClock();
    keepMoving(clock, t);
    const random = seededRandom(seed);
    const memory = new MemoryNetwork(clock, random);
    const host = hostOn(clock, runSoonOn(clock), random);
    const network = new WebSocketNetwork(memory, host, settings);
    return {
      network,
      silentAddress(): Promise<Address> {
        memory.partition("127.0.0.1", "10.0.0.9");
        return Promise.resolve({ host: "10.0.0.9", port: 4222 });
      },
      async dialAndReset(to): Promise<void> {
        const below = await memory.dial(to);
        await network.over(below);
        memory.reset(below);
      },
    };
  });

  describeOnMachine(`${name} on node:net`, nodeNetwork, settings);
  if (platform.network !== nodeNetwork) {
    describeOnMachine(
      `${name} on this runtime's own sockets`,
      platform.network,
      settings,
    );
  }
}

if (opensslMissing === false) {
  describeStreams("WebSocket on sockets under TLS", (t) => {
    const certificates = makeCertificates(t);
    const secured = securedNetwork(
      platform.network,
      serverTls(certificates),
      clientTls(certificates),
    );
    return new WebSocketNetwork(secured, hostOn());
  });
}

function describeOnMachine(
  title: string,
  network: Network,
  settings: WebSocketSettings,
): void {
  describeNetwork(title, (t) => ({
    network: new WebSocketNetwork(network, hostOn(), settings),
    silentAddress: () => silentAddress(t),
    dialAndReset: upgradeAndReset,
  }));
}

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** A reset once the WebSocket is open. */
function upgradeAndReset(to: Address): Promise<void> {
  return new Promise((resolve) => {
    const raw = connect(to.port, to.host, () => raw.write(REQUEST));
    raw.once("data", () => raw.resetAndDestroy());
    raw.on("close", () => resolve());
  });
}
