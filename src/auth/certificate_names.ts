/**
 * Who a peer is by its certificate, for listeners with `verify_and_map`. The
 * handshake has verified the certificate; here its names, read from its bytes,
 * are shown, one way after the other, to what knows names.
 *
 * NATS authentication (TLS map): e-mail addresses first, then DNS names, URIs,
 * and the subject: as a distinguished name, with the parts of a domain behind
 * it, and as Go prints it.
 */
import { type CertificateFacts, readCertificate } from "../core/certificate.ts";
import {
  type DnKeys,
  dnKeysOfSubject,
  domainText,
  fullSubjectText,
  subjectText,
} from "../core/distinguished_name.ts";
import { quoted } from "../core/quote.ts";
import type { TlsState } from "../platform/socket.ts";
import type { LoginLog } from "./door.ts";

/** Knows names. Each gives the name as the log is to show it; undefined: it does not know it. */
export interface NameKnower {
  byName(name: string, isDnsName: boolean): string | undefined;
  byDn(keys: DnKeys): string | undefined;
}

/** Gives what the first one gave who knows a name of the certificate; undefined: nobody does, and the log says so. */
export function nameInCertificate(
  tls: TlsState | undefined,
  knower: NameKnower,
  log: LoginLog,
): string | undefined {
  const facts = shownFacts(tls, log);
  if (facts === undefined) return undefined;
  for (const { found, what, shown } of waysToName(facts, knower)) {
    if (found !== undefined) {
      log.debug(`Using ${what} for auth [${quoted(found)}]`);
      return found;
    }
    if (shown !== undefined) {
      log.debug(`${what} could not be used for auth [${quoted(shown)}]`);
    }
  }
  log.debug(`User in cert [${quoted(subjectText(facts.subject))}], not found`);
  return undefined;
}

function shownFacts(
  tls: TlsState | undefined,
  log: LoginLog,
): CertificateFacts | undefined {
  if (tls === undefined) return missing(log, "no TLS connection state");
  const [own, ...others] = tls.peerCertificates ?? [];
  if (own === undefined) return missing(log, "no peer certificates found");
  if (others.length > 0) {
    log.debug("Multiple peer certificates found, selecting first");
  }
  const facts = readCertificate(own.der);
  if (facts === undefined) {
    return missing(log, "the certificate cannot be read");
  }
  const { subject, emails, dnsNames, uris } = facts;
  const hasNames = emails.length + dnsNames.length + uris.length > 0;
  return hasNames || fullSubjectText(subject) !== ""
    ? facts
    : missing(log, "none found");
}

function missing(log: LoginLog, what: string): undefined {
  log.debug(`User required in cert, ${what}`);
}

/** One way to read the certificate. */
interface WayToName {
  readonly found: string | undefined;
  /** What the log calls it. */
  readonly what: string;
  /** What the log shows where it leads nowhere; undefined: the log does not tell. */
  readonly shown?: string;
}

function* waysToName(
  { subject, emails, dnsNames, uris }: CertificateFacts,
  knower: NameKnower,
): Generator<WayToName, void> {
  const first = (
    names: readonly string[],
    isDnsName: boolean,
  ): string | undefined => {
    for (const name of names) {
      const found = knower.byName(name, isDnsName);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  yield { found: first(emails, false), what: "email found in cert" };
  yield { found: first(dnsNames, true), what: "SAN found in cert" };
  yield { found: first(uris, false), what: "URI found in cert" };
  const text = subjectText(subject);
  const keys = dnKeysOfSubject(subject);
  if (keys !== undefined) {
    const found = knower.byDn(keys);
    yield { found, what: "DistinguishedNameMatch", shown: text };
  }
  const domain = domainText(subject);
  if (domain !== "") {
    const shown = `${text},${domain}`;
    yield { found: first([shown], false), what: "RDNSequence", shown };
  }
  yield { found: first([text], false), what: "certificate subject" };
}
