/**
 * Certificates for tests, made in memory: an authority of a few days, and what
 * it vouches for. RFC 5280 says what stands in one. `docs/decisions` tells why
 * no package makes them.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import type { EcdsaPair, MakeEcdsaPair } from "../../platform/key_pairs.ts";
import type { CertifiedKey } from "../../platform/socket.ts";
import { ipBytes } from "../../net/ip.ts";
import { asciiBytes } from "../../core/ascii.ts";
import {
  bits,
  der,
  objectId,
  octets,
  pem,
  sequence,
  time,
  utf8,
  wholeNumber,
  yes,
} from "./der_writer.ts";

const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind. */
const BEFORE_MS = DAY_MS;
const AFTER_MS = 7 * DAY_MS;
const SERIAL_BYTES = 16;

const ID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKey: "2.5.29.14",
  authorityKey: "2.5.29.35",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const SET = 0x31;
/** Numbered parts: of a certificate, and of a name. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const KEY_OF_ISSUER = 0x80;

/** Bits of `keyUsage`, and how many at the end of their octet are none. */
const SIGN_CERTIFICATES = bits(Uint8Array.of(0x06), 1);
const SIGN_HANDSHAKES = bits(Uint8Array.of(0x80), 7);

/** What an authority needs of the machine. */
export interface AuthorityPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly makeKeyPair: MakeEcdsaPair;
}

interface Request {
  readonly subject: string;
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** Vouches for names. */
export class TestAuthority {
  /** PEM of its own certificate. */
  readonly certificate: string;
  readonly #name: string;
  readonly #key: EcdsaPair;
  readonly #platform: AuthorityPlatform;

  static async create(
    name: string,
    platform: AuthorityPlatform,
  ): Promise<TestAuthority> {
    const key = await platform.makeKeyPair();
    const extensions = [
      extension(ID.basicConstraints, sequence(yes()), true),
      extension(ID.keyUsage, SIGN_CERTIFICATES, true),
      extension(ID.subjectKey, octets(keyId(key.publicKey))),
    ];
    const { publicKey } = key;
    const own = { subject: name, publicKey, extensions };
    const certificate = await signed(own, name, key, platform);
    return new TestAuthority(certificate, name, key, platform);
  }

  private constructor(
    certificate: string,
    name: string,
    key: EcdsaPair,
    platform: AuthorityPlatform,
  ) {
    this.certificate = certificate;
    this.#name = name;
    this.#key = key;
    this.#platform = platform;
  }

  /** A certificate for host names and IP addresses, good for servers and for clients. */
  async issue(
    subject: string,
    hosts: readonly string[],
  ): Promise<CertifiedKey> {
    const { publicKey, privateKey } = await this.#platform.makeKeyPair();
    const issuerKey = der(KEY_OF_ISSUER, keyId(this.#key.publicKey));
    const extensions = [
      extension(ID.authorityKey, sequence(issuerKey)),
      extension(ID.basicConstraints, sequence(), true),
      extension(ID.keyUsage, SIGN_HANDSHAKES, true),
      extension(
        ID.extendedUsage,
        sequence(objectId(ID.serverAuth), objectId(ID.clientAuth)),
      ),
      extension(ID.alternativeNames, sequence(...hosts.map(nameOf))),
    ];
    const request = { subject, publicKey, extensions };
    return {
      certificate: await signed(
        request,
        this.#name,
        this.#key,
        this.#platform,
      ),
      key: pem("PRIVATE KEY", privateKey),
    };
  }
}

async function signed(
  { subject, publicKey, extensions }: Request,
  issuer: string,
  key: EcdsaPair,
  { clock, random }: AuthorityPlatform,
): Promise<string> {
  const serial = new Uint8Array(SERIAL_BYTES);
  random.fill(serial);
  const now = clock.now();
  const algorithm = sequence(objectId(ID.ecdsaWithSha256));
  const content = sequence(
    der(VERSION, wholeNumber(Uint8Array.of(2))),
    wholeNumber(serial),
    algorithm,
    distinguishedName(issuer),
    sequence(time(now - BEFORE_MS), time(now + AFTER_MS)),
    distinguishedName(subject),
    publicKey,
    der(EXTENSIONS, sequence(...extensions)),
  );
  const signature = signatureOf(await key.sign(content));
  return pem("CERTIFICATE", sequence(content, algorithm, bits(signature)));
}

/** RFC 3279, 2.2.3: the two numbers as a sequence. */
function signatureOf(numbers: Uint8Array): Uint8Array {
  const half = numbers.length / 2;
  return sequence(
    wholeNumber(numbers.subarray(0, half)),
    wholeNumber(numbers.subarray(half)),
  );
}

function distinguishedName(commonName: string): Uint8Array {
  const part = sequence(objectId(ID.commonName), utf8(commonName));
  return sequence(der(SET, part));
}

function extension(
  id: string,
  content: Uint8Array,
  isCritical: boolean = false,
): Uint8Array {
  const critical = isCritical ? [yes()] : [];
  return sequence(objectId(id), ...critical, octets(content));
}

/** Anything that is as unique as the key. */
function keyId(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(-20);
}

function nameOf(host: string): Uint8Array {
  const address = ipBytes(host);
  return address === undefined
    ? der(DNS_NAME, asciiBytes(host))
    : der(IP_ADDRESS, Uint8Array.from(address));
}
