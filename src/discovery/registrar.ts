/**
 * The seam of those where a node says that it lives. A `Registrar` announces a
 * node and keeps it announced, until the `Registration` is closed. What is told
 * there, others learn from a `Discovery` (`discovery.ts`).
 */
import type { DiscoveryError } from "./discovery.ts";
import type { NodeRecord } from "./node_record.ts";

/** Somewhere to announce a node. */
export interface Registrar {
  /** For logs; without secrets. */
  readonly name: string;
  /**
   * Announces `node` and keeps it announced until the registration is closed.
   * An announcement that is not renewed is forgotten after `ttlMs`. Rejects
   * with a `DiscoveryError` when the first announcement fails; what fails
   * later goes to `onError`, and is tried again.
   */
  register(node: NodeRecord, options: RegisterOptions): Promise<Registration>;
}

export interface RegisterOptions {
  readonly ttlMs: number;
  /**
   * Aborts the first announcement, which is taken back before `register`
   * rejects, unless the registry does not answer in time.
   */
  readonly signal: AbortSignal;
  onError(error: DiscoveryError): void;
}

/** A node that is announced. */
export interface Registration {
  /** Tells what is new about the node, at once. Rejects with a `DiscoveryError`. */
  update(node: NodeRecord): Promise<void>;
  /** Withdraws the node, as far as the registry can be reached; never rejects. */
  close(): Promise<void>;
}
