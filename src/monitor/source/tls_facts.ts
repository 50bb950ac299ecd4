/** What listeners were told of TLS. */
import { certificateInPem } from "../../core/certificate.ts";
import { TLS_TIMEOUT_MS } from "../../core/limits.ts";
import type { TlsSettings } from "../../options/tls.ts";
import type { TlsFacts } from "../snapshot.ts";

/** `mayDoWithout`: nobody has to come over TLS. */
export function tlsFacts(
  tls: TlsSettings | undefined,
  mayDoWithout: boolean = false,
): TlsFacts {
  const [shown] = tls?.certificates ?? [];
  return {
    // NATS monitoring: the default is told also where nothing uses TLS.
    timeoutMs: tls?.timeoutMs ?? TLS_TIMEOUT_MS,
    isRequired: tls !== undefined && !mayDoWithout,
    verifies: tls?.verify === true,
    notAfter: shown && certificateInPem(shown.certificate)?.notAfter,
  };
}
