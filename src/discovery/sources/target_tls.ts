/**
 * The TLS of a source: whom its certificate must come from, and what is shown to
 * it. The files of a URL count before what holds for all sources, and are read
 * at each question, so that certificates may be replaced while the program runs.
 */
import { fetchWithTls } from "../../net/fetch_with_tls.ts";
import type { Fetch, FetchTls } from "../../platform/fetch.ts";
import type { Files } from "../../platform/files.ts";
import type { DiscoveryTarget } from "../url.ts";

/** What asks over TLS. */
export interface TlsPlatform {
  readonly fetch: Fetch;
  readonly files: Files;
  /** For all sources, as it is at each question. */
  readonly sourceTls?: () => FetchTls | undefined;
}

/** `platform`, on which requests have the TLS that the URL names. */
export function withTlsOf<P extends TlsPlatform>(
  { params }: Pick<DiscoveryTarget, "params">,
  platform: P,
): P {
  const { files, fetch, sourceTls } = platform;
  const own = ["ca_file", "cert_file"].some((param) => params.has(param));
  if (!own && sourceTls === undefined) return platform;
  const tls = async (): Promise<FetchTls | undefined> => {
    const usual = sourceTls?.();
    return own ? { ...usual, ...await tlsIn(params, files) } : usual;
  };
  return { ...platform, fetch: fetchWithTls(fetch, tls) };
}

/** What the files of a URL hold now. */
async function tlsIn(
  params: DiscoveryTarget["params"],
  files: Files,
): Promise<FetchTls> {
  const text = async (param: string): Promise<string | undefined> => {
    const path = params.get(param);
    if (path === undefined) return undefined;
    try {
      return await files.readText(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${param} cannot be read: ${why}`, { cause });
    }
  };
  const authority = await text("ca_file");
  const certificate = await text("cert_file");
  const key = await text("key_file");
  return {
    ...(authority !== undefined && { authorities: [authority] }),
    ...(certificate !== undefined && key !== undefined &&
      { certificate: { certificate, key } }),
  };
}
