/** What a configuration needs of the machine, as functions: files, the environment, signatures and TLS. */
import type { TlsProblems, TlsUpgrade } from "../../platform/socket.ts";

/** What a configuration may reach outside its own text. */
export interface ConfigWorld {
  /** The text of a file; throws `open PATH: no such file or directory`. */
  readFile(path: string): string;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** SHA-256 in hex digits; without it configurations have no digest. */
  sha256?(text: string): string;
  /** Without it the JWTs of a configuration are not checked. */
  verifySignature?(
    key: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean;
  /** Without it certificates and keys are not checked. */
  tlsProblems?(tls: TlsUpgrade): TlsProblems;
  /** Lets others do their work; without it a text is read in one go. */
  pause?(): Promise<void>;
  /** Nobody wants the warnings. */
  readonly isUnwarned?: boolean;
}
