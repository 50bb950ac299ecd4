/** `node:tls`, which a server without TLS does not load: it is a tenth of Node's start. */
import { builtInModule } from "../process/built_in.ts";

type TlsModule = typeof import("node:tls");

let loaded: TlsModule | undefined;

export function tlsModule(): TlsModule {
  return loaded ??= builtInModule<TlsModule>("node:tls");
}
