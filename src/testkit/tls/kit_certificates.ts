/**
 * TLS of a test's cluster: one authority, a certificate for all nodes, and one
 * for clients. A node's options name them as files, which are in memory.
 */
import type { ServerConfig } from "../../app/config.ts";
import type { CertifiedKey } from "../../platform/socket.ts";
import { type AuthorityPlatform, TestAuthority } from "./authority.ts";

/** Certificates and a key, as PEM texts; `connect` takes them as its option `tls`. */
export interface TestTls {
  /** The authority of all nodes, which clients have to trust. */
  readonly ca: string;
  /** A client's, for nodes whose options have `verify`. */
  readonly cert: string;
  /** The key of `cert`. */
  readonly key: string;
}

type TlsConfig = NonNullable<ServerConfig["tls"]>;

/** Names that no file has by mistake. */
const FILES = {
  ca: "<the authority of this test>",
  certificate: "<the certificate of this test's nodes>",
  key: "<the key of this test's nodes>",
} as const;

/** What a node is reached by. */
const HOSTS = ["localhost", "127.0.0.1", "::1"];

export class KitCertificates {
  /** What clients need. */
  readonly forClients: TestTls;
  readonly #texts: ReadonlyMap<string, string>;

  static async create(platform: AuthorityPlatform): Promise<KitCertificates> {
    const authority = await TestAuthority.create("Midge test", platform);
    const node = await authority.issue("node", HOSTS);
    const client = await authority.issue("client", ["client"]);
    return new KitCertificates(authority.certificate, node, client);
  }

  private constructor(ca: string, node: CertifiedKey, client: CertifiedKey) {
    this.forClients = { ca, cert: client.certificate, key: client.key };
    this.#texts = new Map([
      [FILES.ca, ca],
      [FILES.certificate, node.certificate],
      [FILES.key, node.key],
    ]);
  }

  /** The text of a file that is none; undefined for all others. */
  textOf(path: string): string | undefined {
    return this.#texts.get(path);
  }

  /** A `tls` block; what the test says itself counts. */
  block(own: TlsConfig = {}): TlsConfig {
    const isOwn = own.cert_file !== undefined || own.certs !== undefined;
    return {
      ca_file: FILES.ca,
      ...(!isOwn && { cert_file: FILES.certificate, key_file: FILES.key }),
      ...own,
    };
  }
}
