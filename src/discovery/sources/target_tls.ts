/**
 * The files of a URL's TLS: whom the source's certificate must come from, and
 * what is shown to it. They are read at each question, so that certificates may
 * be replaced while the program runs.
 */
import { fetchWithTls } from "../../net/fetch_with_tls.ts";
import type { Fetch, FetchTls } from "../../platform/fetch.ts";
import type { Files } from "../../platform/files.ts";
import type { DiscoveryTarget } from "../url.ts";

/** What asks over TLS. */
export interface TlsPlatform {
  readonly fetch: Fetch;
  readonly files: Files;
}

/** `platform`, on which requests have the TLS that the URL names. */
export function withTlsOf<P extends TlsPlatform>(
  { params }: Pick<DiscoveryTarget, "params">,
  platform: P,
): P {
  const ca = params.get("ca_file");
  const cert = params.get("cert_file");
  const key = params.get("key_file");
  if (ca === undefined && cert === undefined) return platform;
  const read = async (): Promise<FetchTls> => ({
    ...(ca !== undefined && { authorities: [await text("ca_file", ca)] }),
    ...(cert !== undefined && key !== undefined && {
      certificate: {
        certificate: await text("cert_file", cert),
        key: await text("key_file", key),
      },
    }),
  });
  const text = async (param: string, path: string): Promise<string> => {
    try {
      return await platform.files.readText(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${param} cannot be read: ${why}`, { cause });
    }
  };
  return { ...platform, fetch: fetchWithTls(platform.fetch, read) };
}
