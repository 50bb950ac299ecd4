/** Whether this machine gets through to another one: some tests download what they need. */
import { connect } from "node:net";

const HTTPS_PORT = 443;
const PATIENCE_MS = 3_000;

/** Resolves soon, with false for a network that swallows packets, too. */
export function isReachable(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: HTTPS_PORT, timeout: PATIENCE_MS });
    const settle = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.on("connect", () => settle(true));
    socket.on("timeout", () => settle(false));
    socket.on("error", () => settle(false));
  });
}
