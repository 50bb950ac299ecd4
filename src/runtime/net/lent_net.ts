/**
 * The network on Node: what is accepted reads into memory that is used again, if
 * it is not to go over to TLS. All else is `node_net.ts`'.
 */
import type { Network } from "../../platform/socket.ts";
import { listenWith, nodeNetwork } from "./node_net.ts";
import { NodeReader } from "./node_reading.ts";
import { NodeSocket } from "./node_socket.ts";
import { machineAnswers } from "./wakefulness.ts";

const listenLent = listenWith((raw, path) => {
  const [stream, reader] = NodeReader.adopt(raw) ?? [raw, undefined];
  return new NodeSocket(stream, { path, reader, answers: machineAnswers() });
});

/** The network of the machine that Node runs on. */
export const lentNetwork: Network = {
  ...nodeNetwork,
  async listen(at, options, onSocket) {
    if (options.mayUpgrade === true) {
      return await nodeNetwork.listen(at, options, onSocket);
    }
    const listener = await listenLent(at, options, onSocket);
    return { ...listener, isPlainOnly: true };
  },
};
