/**
 * What stands in an X.509 certificate (RFC 5280), as far as Midge acts on it or
 * shows it: read from the bytes that were sent, since what runtimes write of
 * names is not the same on each, and not always unambiguous. Whether to trust a
 * certificate is not decided here: that is the handshake's matter.
 */
import { bytesOfBase64 } from "./base64.ts";
import {
  DER,
  derAscii,
  derContent,
  type DerElement,
  DerError,
  derIdentifier,
  derOf,
  derOnly,
  derParts,
  derText,
  derWhole,
} from "./der.ts";
import type { DnAttribute, Rdn } from "./distinguished_name.ts";

export interface CertificateFacts {
  /** Whose it is: the parts of the name in the order of the certificate. */
  readonly subject: readonly Rdn[];
  /** Other names of the same, each kind in the order of the certificate. */
  readonly emails: readonly string[];
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** When it expires, in milliseconds of the wall clock. */
  readonly notAfter: number;
  /** The public key with its algorithm, as it stands there. */
  readonly publicKeyInfo: Uint8Array;
}

const ALTERNATIVE_NAMES = "2.5.29.17";

/** Tags of the kinds of alternative names. */
const EMAIL = 0x81;
const DNS_NAME = 0x82;
const URI = 0x86;

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** Undefined for anything that is not one certificate from the first byte to the last. */
export function readCertificate(der: Uint8Array): CertificateFacts | undefined {
  try {
    return certificateOf(derOf(derOnly(der), DER.SEQUENCE));
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

const PEM_BLOCK =
  /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/;

/** The first certificate of a text in PEM; undefined without one. */
export function certificateInPem(text: string): CertificateFacts | undefined {
  const [, lines = ""] = PEM_BLOCK.exec(text) ?? [];
  const der = bytesOfBase64(lines.replaceAll(/\s/g, ""));
  return der && readCertificate(der);
}

function certificateOf(whole: DerElement): CertificateFacts {
  const [signed] = derParts(whole);
  const fields = derParts(derOf(signed, DER.SEQUENCE));
  if (fields[0]?.tag === VERSION) fields.shift();
  // Serial number, algorithm of the signature, and who signed come first.
  const [, , , validity, subject, keyInfo, ...others] = fields;
  const [, notAfter] = derParts(derOf(validity, DER.SEQUENCE));
  return {
    subject: derParts(derOf(subject, DER.SEQUENCE)).map(rdnOf),
    ...alternativeNames(others),
    notAfter: timeOf(notAfter),
    publicKeyInfo: derWhole(derOf(keyInfo, DER.SEQUENCE)),
  };
}

function rdnOf(set: DerElement): Rdn {
  return derParts(derOf(set, DER.SET)).map(attributeOf);
}

function attributeOf(element: DerElement): DnAttribute {
  const [type, value, ...more] = derParts(derOf(element, DER.SEQUENCE));
  if (type === undefined || value === undefined || more.length > 0) {
    throw new DerError("not an attribute");
  }
  return { type: derIdentifier(type), value: derText(value) };
}

type AlternativeNames = Pick<CertificateFacts, "emails" | "dnsNames" | "uris">;

function alternativeNames(fields: readonly DerElement[]): AlternativeNames {
  const names = { emails: [], dnsNames: [], uris: [] } as Record<
    keyof AlternativeNames,
    string[]
  >;
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS);
  if (extensions === undefined) return names;
  const [list, ...more] = derParts(extensions);
  if (more.length > 0) throw new DerError("two lists of extensions");
  const seen = new Set<string>();
  for (const extension of derParts(derOf(list, DER.SEQUENCE))) {
    const parts = derParts(derOf(extension, DER.SEQUENCE));
    const id = derIdentifier(derOf(parts[0], DER.OBJECT_IDENTIFIER));
    // Which one would count?
    if (seen.has(id)) throw new DerError("an extension twice");
    seen.add(id);
    if (id !== ALTERNATIVE_NAMES) continue;
    const { bytes, start, end } = derOf(parts.at(-1), DER.OCTET_STRING);
    for (
      const name of derParts(derOf(derOnly(bytes, start, end), DER.SEQUENCE))
    ) {
      if (name.tag === EMAIL) names.emails.push(derAscii(derContent(name)));
      if (name.tag === DNS_NAME) {
        names.dnsNames.push(derAscii(derContent(name)));
      }
      if (name.tag === URI) names.uris.push(derAscii(derContent(name)));
    }
  }
  return names;
}

const TIME = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
/** RFC 5280: a year of two digits below this one is of the 21st century. */
const PIVOT_YEAR = 50;

function timeOf(element: DerElement | undefined): number {
  const isLong = element?.tag === DER.GENERALIZED_TIME;
  const content = derContent(
    isLong ? element : derOf(element, DER.UTC_TIME),
  );
  const [, year = "", ...rest] = TIME.exec(derAscii(content)) ?? [];
  if (year.length !== (isLong ? 4 : 2)) throw new DerError("not a time");
  const [month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = rest
    .map(Number);
  const short = Number(year) + (Number(year) < PIVOT_YEAR ? 2000 : 1900);
  return Date.UTC(
    isLong ? Number(year) : short,
    month - 1,
    day,
    hours,
    minutes,
    seconds,
  );
}
