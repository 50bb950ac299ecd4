/** A client in the reception, as the session sees it. */
import type { ProxiedSocket } from "../../net/proxied_socket.ts";
import type { Connection } from "../connections/connection.ts";
import type { Newcomer, TlsInfo } from "./reception.ts";
import type { Login } from "./login.ts";

/** `through` is called when it leaves the reception for the login. */
export function newcomer(
  { connection, login }: {
    readonly connection: Connection;
    readonly login: Login;
  },
  proxied: ProxiedSocket | undefined,
  greet: (tls: TlsInfo) => void,
  through: () => void,
): Newcomer {
  return {
    connection,
    proxied,
    greet(tls) {
      greet(tls);
      // What follows may be another protocol.
      connection.output.flush();
    },
    comeIn(heard) {
      through();
      login.start();
      connection.keepAlive.start();
      if (heard.length > 0) connection.onData(heard);
    },
  };
}
