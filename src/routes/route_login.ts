/**
 * Another server's way through the door of the route port: its CONNECT, the
 * verdict, and the cluster that it says it is in. A server that this one has
 * dialled proves nothing: it is where the configuration, or gossip, said.
 */
import {
  type Door,
  isRefused,
  type LoginRefusal,
  type Verdict,
} from "../auth/door.ts";
import { takeVerdict, waitingPeer } from "../broker/connections/admission.ts";
import type { Connection } from "../broker/connections/connection.ts";
import { ClosedReason } from "../core/closed.ts";
import { WireError } from "../core/errors.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { OK_LINE } from "../wire/encode.ts";
import { readConnect } from "../wire/connect.ts";
import { type ConnectFields, defaultConnectFields } from "../wire/info.ts";
import { beginsConnect } from "../wire/ops.ts";
import type { ClusterClaim } from "./cluster_name.ts";
import { tokenAware, wrongPortText } from "./handshake.ts";

/** What a login on the route port stands on. */
export interface RouteLoginWorld {
  readonly clock: Clock;
  readonly connection: Connection;
  /** The one that stands there now. */
  readonly door: () => Door;
  readonly authTimeoutMs: number;
  readonly isDialled: boolean;
  /** The peer has proved who it is, and names its cluster. */
  connected(claim: ClusterClaim): void;
}

/** The first byte of a TLS connection (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

export class RouteLogin {
  /** The peer may say more than CONNECT. */
  isLetIn: boolean;
  readonly #world: RouteLoginWorld;
  #fields: ConnectFields = { ...defaultConnectFields(), verbose: false };
  #timer: Timer | undefined = undefined;
  /** What it has proved, of which another proof would take time. */
  #proof: string | undefined = undefined;

  constructor(world: RouteLoginWorld) {
    this.#world = world;
    this.isLetIn = world.isDialled;
  }

  /** The peer has this long to log in. */
  start(): void {
    const { clock, connection, door, authTimeoutMs } = this.#world;
    // NATS route protocol: where nobody has to prove anything there is no hurry.
    if (this.isLetIn || door().greet().isOpen) return;
    this.#timer = clock.after(authTimeoutMs, () => {
      connection.close(
        ClosedReason.AUTHENTICATION_TIMEOUT,
        WireError.AUTHENTICATION_TIMEOUT,
      );
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** NATS route protocol: the first byte of who dials in must be that of CONNECT. */
  begins(chunk: Uint8Array): boolean {
    if (beginsConnect(chunk)) return true;
    if (chunk[0] === TLS_HANDSHAKE) {
      this.#world.connection.log.error(
        "The other node begins with a TLS handshake, and this cluster has no tls",
      );
    }
    this.#world.connection.close(
      ClosedReason.AUTHENTICATION_FAILURE,
      WireError.AUTHORIZATION_VIOLATION,
    );
    return false;
  }

  /** CONNECT, with its arguments in `buffer[start, end)`. */
  connect(buffer: Uint8Array, start: number, end: number): void {
    const { connection, isDialled } = this.#world;
    this.#fields = readConnect(this.#fields, buffer, start, end, "route");
    const refusal = wrongPortText(this.#fields);
    if (refusal !== "") {
      return connection.close(ClosedReason.INCORRECT_PORT, refusal);
    }
    if (isDialled) {
      this.stop();
      return this.#nameCluster();
    }
    this.#admit((verdict) => this.#judged(verdict));
  }

  /** Another door stands there: a peer that came through the old one may have to go. */
  review(): void {
    const { connection, isDialled } = this.#world;
    if (isDialled || !this.isLetIn || connection.closed) return;
    this.#admit((verdict) => {
      if (isRefused(verdict)) this.#refuse(verdict);
      else this.#proof = verdict.proof;
    }, this.#proof);
  }

  /** The peer asked for answers. */
  get isVerbose(): boolean {
    return this.#fields.verbose;
  }

  /** Answers an operation of a peer that asked for answers. */
  sayOk(): void {
    if (this.isVerbose) this.#world.connection.send(OK_LINE);
  }

  #judged(verdict: Verdict): void {
    this.stop();
    if (isRefused(verdict)) return this.#refuse(verdict);
    this.isLetIn = true;
    this.#proof = verdict.proof;
    this.#nameCluster();
  }

  #refuse({ refused, wire }: LoginRefusal): void {
    const { connection } = this.#world;
    connection.log.error("authentication error");
    connection.close(refused, wire);
  }

  /** Hands the door's verdict to `take`; that of another door is asked for if there is one by then. */
  #admit(take: (verdict: Verdict) => void, proof?: string): void {
    const { connection } = this.#world;
    const { log, socket } = connection;
    const door = this.#world.door();
    const verdict = door.admit({
      credentials: tokenAware(this.#fields),
      nonce: undefined,
      connectionType: "STANDARD",
      tls: socket.tls,
      remote: socket.remote,
      waiting: waitingPeer(connection, () => this.stop()),
      proof,
      log,
    });
    takeVerdict(connection, verdict, (settled) => {
      if (door === this.#world.door()) take(settled);
      else this.#admit(take, proof);
    });
  }

  #nameCluster(): void {
    const { cluster: name, cluster_dynamic: dynamic } = this.#fields;
    this.#world.connected({ name, dynamic });
  }
}
