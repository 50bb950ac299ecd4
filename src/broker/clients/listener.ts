/**
 * The client port: from an accepted socket to a session, or to a polite
 * refusal when the server is full.
 */
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import type {
  Address,
  Listener,
  Network,
  Socket,
} from "../../platform/socket.ts";
import {
  type ClientHost,
  ClientSession,
  type SessionSettings,
} from "./session.ts";

/** What the client port asks of the broker. */
export interface ListenerHost extends ClientHost {
  readonly sessionSettings: SessionSettings;
  /** No further client may come in. */
  readonly full: boolean;
  sessionStarted(session: ClientSession): void;
}

/** Starts accepting clients at `at`. */
export function listenForClients(
  host: ListenerHost,
  network: Network,
  at: Address,
): Promise<Listener> {
  return network.listen(at, {}, (socket) => admit(host, socket));
}

/** A client that comes another way than through the port; it is let in however many there are. */
export function admitDirectly(host: ListenerHost, socket: Socket): void {
  const session = new ClientSession(host, socket, host.sessionSettings);
  host.sessionStarted(session);
  session.start();
}

function admit(host: ListenerHost, socket: Socket): void {
  const session = new ClientSession(host, socket, host.sessionSettings);
  const { full } = host;
  host.sessionStarted(session);
  if (!full) return session.start();
  // NATS client protocol: the refused client still gets its INFO first.
  socket.open(session);
  session.refuse(ClosedReason.MAX_CONNECTIONS, WireError.MAX_CONNECTIONS);
}
