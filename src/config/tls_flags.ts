/**
 * The flags about TLS, which mean something only together: one of them turns TLS
 * on and names all files anew, whatever the configuration file has; what else
 * its block says holds on. `-tls=false` turns it off.
 */
import type { ServerOptions } from "../options/options.ts";
import type { TlsVerification } from "../options/tls.ts";
import { FlagError, type FlagValue } from "./flags/flags.ts";
import type { GivenFlags } from "./argv.ts";
import type { ConfigWorld } from "./dialect/world.ts";
import { defaultTls } from "./keys/tls_keys.ts";
import { withTlsTexts } from "./keys/tls_files.ts";
import { TLS_FLAGS } from "./server_flags.ts";

/** Changes `options` as the flags say. Throws FlagError; gives what the runtime does without. */
export function applyTlsFlags(
  options: ServerOptions,
  flags: GivenFlags,
  world: ConfigWorld,
): readonly string[] {
  const given = new Map<string, FlagValue>();
  for (const flag of TLS_FLAGS) {
    const value = flags.get(flag);
    if (value !== undefined) given.set(flag.names[0], value);
  }
  if (given.size === 0) return [];
  if (given.get("tls") === false) {
    options.tls = undefined;
    return [];
  }
  const text = (name: string): string => String(given.get(name) ?? "");
  const [certFile, keyFile] = [text("tlscert"), text("tlskey")];
  if (certFile === "") {
    throw new FlagError("TLS Server certificate must be present and valid");
  }
  if (keyFile === "") {
    throw new FlagError("TLS Server private key must be present and valid");
  }
  const { settings, errors, warnings } = withTlsTexts({
    ...options.tls ?? defaultTls(),
    certificates: [{ certFile, keyFile, certificate: "", key: "" }],
    caFile: text("tlscacert"),
    verify: verification(given.get("tlsverify")),
    cipherSuites: undefined,
    curves: undefined,
    minVersion: "TLSv1.2",
  }, world);
  const [error] = errors;
  if (error !== undefined) throw new FlagError(error);
  options.tls = settings;
  return warnings;
}

function verification(value: FlagValue | undefined): TlsVerification {
  return value === "optional" ? value : value === true;
}
