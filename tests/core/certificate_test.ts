/** What is read from certificates: those that openssl makes, as Go prints their names, and bytes that are none. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { readCertificate } from "../../src/core/certificate.ts";
import {
  dnKeysOfSubject,
  dnKeysOfText,
  domainText,
  fullSubjectText,
  subjectText,
} from "../../src/core/distinguished_name.ts";
import {
  type Certificate,
  makeCertificate,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const skip = opensslMissing;

function derOf({ cert }: Certificate): Uint8Array {
  return Uint8Array.from(new X509Certificate(cert).raw);
}

/** Subjects, as nats-server 2.15.3 shows them: without and with what it has no name for, and the domain. */
const SUBJECTS = [
  ["/C=DE/O=Acme/OU=dev/CN=alice", "CN=alice,OU=dev,O=Acme,C=DE", "", ""],
  [
    "/DC=org/DC=acme/OU=dev/CN=carl",
    "CN=carl,OU=dev",
    domain(),
    "DC=org,DC=acme",
  ],
  ["/O=Acme/OU=a/OU=b/CN=e", "CN=e,OU=a+OU=b,O=Acme", "", ""],
  ["/CN=x/CN=y/O=Acme", "CN=y,O=Acme", "", ""],
  [
    "/O=Acme/CN=f/emailAddress=f@x.org",
    "CN=f,O=Acme",
    ",1.2.840.113549.1.9.1=#0c0766" + "40782e6f7267",
    "",
  ],
  ['/O=A, B/CN=<q>;"#', 'CN=\\<q\\>\\;\\"#,O=A\\, B', "", ""],
  ["/O=Acme/CN= x ", "CN=\\ x\\ ,O=Acme", "", ""],
  ["/O=Acme/CN=#ab", "CN=\\#ab,O=Acme", "", ""],
  ["/O=Acme/CN=Jörg", "CN=Jörg,O=Acme", "", ""],
  [
    "/DC=org/OU=dev+CN=dora/O=Acme",
    "CN=dora,OU=dev,O=Acme",
    ",0.9.2342.19200300.100.1.25=#13036f7267",
    "DC=org",
  ],
  [
    "/serialNumber=1/L=Bonn/ST=NW/street=S 1/postalCode=5/CN=z",
    "SERIALNUMBER=1,CN=z,POSTALCODE=5,STREET=S 1,ST=NW,L=Bonn",
    "",
    "",
  ],
] as const;

/** Of a domain `acme.org`, with its parts as numbers, the last one first. */
function domain(): string {
  const type = "0.9.2342.19200300.100.1.25";
  return `,${type}=#130461636d65,${type}=#13036f7267`;
}

test("subjects are printed as Go prints them", { skip }, (t) => {
  const { authority } = makeCertificates(t);
  for (const [subject, text, more, domain] of SUBJECTS) {
    const facts = readCertificate(
      derOf(makeCertificate(authority, "one", { subject })),
    );
    assert.ok(facts, subject);
    assert.equal(subjectText(facts.subject), text);
    assert.equal(fullSubjectText(facts.subject), text + more);
    assert.equal(domainText(facts.subject), domain);
  }
});

test(
  "names, key and end of a certificate are read from its bytes",
  { skip },
  (t) => {
    const { authority } = makeCertificates(t);
    const names = "email:bob@x.org,email:b2@x.org,DNS:bob.host,DNS:*.b2.host," +
      "URI:spiffe://x/bob,IP:10.0.0.1";
    const certificate = makeCertificate(authority, "bob", { names });
    const facts = readCertificate(derOf(certificate));
    assert.ok(facts);
    const read = new X509Certificate(certificate.cert);
    assert.deepEqual(facts.emails, ["bob@x.org", "b2@x.org"]);
    assert.deepEqual(facts.dnsNames, ["bob.host", "*.b2.host"]);
    assert.deepEqual(facts.uris, ["spiffe://x/bob"]);
    assert.equal(facts.notAfter, Date.parse(read.validTo));
    const key = read.publicKey.export({ type: "spki", format: "der" });
    assert.equal(sha256(facts.publicKeyInfo), sha256(key));
  },
);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A subject, and texts that nats-server 2.15.3 takes for the same name or not. */
const SAME_NAMES = [
  ["/C=DE/O=Acme/OU=dev/CN=alice", {
    inOrder: [
      "CN=alice,OU=dev,O=Acme,C=DE",
      "cn=alice, ou=dev ,O=Acme,C=DE",
      "CN=\\61lice,OU=dev,O=Acme,C=DE",
    ],
    inAnyOrder: ["C=DE,O=Acme,OU=dev,CN=alice", "OU=dev,C=DE,O=Acme,CN=alice"],
    other: [
      "CN=Alice,OU=dev,O=Acme,C=DE",
      "CN=alice,OU=dev,O=Acme",
      "CN=alice,OU=dev,O=Acme,C=DE,C=DE",
      "CN=alice+OU=dev,O=Acme,C=DE",
      "CN=alice\\,OU\\=dev,O=Acme,C=DE",
    ],
  }],
  ["/OU=a/OU=a/CN=d", {
    inOrder: ["CN=d,OU=a,OU=a"],
    inAnyOrder: ["OU=a,CN=d,OU=a"],
    other: ["CN=d,OU=a,OU=b", "CN=d,CN=d,OU=a", "CN=d,OU=a"],
  }],
  ["/OU=a/OU=b/CN=d", {
    inOrder: ["CN=d,OU=b,OU=a"],
    inAnyOrder: ["CN=d,OU=a,OU=b", "OU=a,OU=b,CN=d"],
    other: ["OU=a,CN=d,OU=a", "CN=d,OU=a,OU=a", "CN=d,OU=a+OU=b"],
  }],
  ["/O=Acme/CN= x ", {
    inOrder: ["CN=\\ x\\ ,O=Acme", "CN=\\20x\\20,O=Acme"],
    inAnyOrder: ["O=Acme,CN=\\ x\\ "],
    other: ["CN=x,O=Acme", "CN= x ,O=Acme", "CN=\\ x ,O=Acme"],
  }],
  ["/O=Acme/CN=#ab", {
    inOrder: ["CN=\\#ab,O=Acme"],
    inAnyOrder: [],
    other: ["CN=#ab,O=Acme", "CN= #ab,O=Acme"],
  }],
  ["/O=Acme/OU=a+CN=m", {
    inOrder: ["CN=m+OU=a,O=Acme", "OU=a+CN=m,O=Acme"],
    inAnyOrder: ["O=Acme,OU=a+CN=m"],
    other: ["CN=m,OU=a,O=Acme", "CN=m+OU=a+OU=a,O=Acme", "CN=m,O=Acme+OU=a"],
  }],
  ["/O=Acme/CN=m+CN=m", {
    inOrder: ["CN=m+CN=m,O=Acme"],
    inAnyOrder: [],
    other: ["CN=m+CN=n,O=Acme", "CN=m,O=Acme"],
  }],
  ["/DC=org/DC=acme/CN=Jörg", {
    inOrder: ["CN=Jörg,DC=acme,DC=org", "CN=J\\C3\\B6rg,dc=acme,dc=org"],
    inAnyOrder: ["DC=org,DC=acme,CN=Jörg"],
    other: ["CN=J\\F6rg,DC=acme,DC=org", "CN=Jorg,DC=acme,DC=org"],
  }],
  ["/O=a=b/CN=c", {
    inOrder: ["CN=c,O=a\\=b", "CN=c,O=a=b"],
    inAnyOrder: [],
    other: ["CN=c,a=b"],
  }],
] as const;

test(
  "a name is the same part by part, never because it looks so",
  { skip },
  (t) => {
    const { authority } = makeCertificates(t);
    for (const [subject, texts] of SAME_NAMES) {
      const facts = readCertificate(
        derOf(makeCertificate(authority, "one", { subject })),
      );
      const keys = dnKeysOfSubject(facts!.subject);
      assert.ok(keys, subject);
      for (const text of texts.inOrder) {
        assert.deepEqual(dnKeysOfText(text), keys, `${subject}: ${text}`);
      }
      for (const text of texts.inAnyOrder) {
        const found = dnKeysOfText(text);
        assert.notEqual(found?.inOrder, keys.inOrder, `${subject}: ${text}`);
        assert.equal(found?.inAnyOrder, keys.inAnyOrder, `${subject}: ${text}`);
      }
      for (const text of texts.other) {
        const found = dnKeysOfText(text);
        assert.notEqual(
          found?.inAnyOrder,
          keys.inAnyOrder,
          `${subject}: ${text}`,
        );
      }
    }
  },
);

test("texts that are no distinguished names have no keys", () => {
  for (
    const text of [
      ...[
        "",
        " ",
        "bob",
        "=",
        "=x",
        "CN",
        "CN=a,",
        "CN=a+",
        ",CN=a",
        "CN=a,,O=b",
      ],
      ...["CN=a\\", "CN=a\\6", "CN=a\\zz", "CN=#0401", "CN=\\ff", "a@b.c"],
    ]
  ) assert.equal(dnKeysOfText(text), undefined, JSON.stringify(text));
});

test(
  "a type without a name leaves no keys, and is not shown",
  { skip },
  (t) => {
    const { authority } = makeCertificates(t);
    const subject = "/O=Acme/UID=hans";
    const facts = readCertificate(
      derOf(makeCertificate(authority, "one", { subject })),
    );
    assert.equal(dnKeysOfSubject(facts!.subject), undefined);
    assert.equal(subjectText(facts!.subject), "O=Acme");
  },
);

test("bytes that are no certificate are read as none, whatever they are", {
  skip,
}, (t) => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const { authority } = makeCertificates(t);
  const names = "email:bob@x.org,DNS:bob.host,URI:spiffe://x/bob";
  const whole = derOf(makeCertificate(authority, "one", { names }));
  assert.ok(readCertificate(whole));
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readCertificate(whole.subarray(0, length)), undefined);
  }
  assert.equal(readCertificate(Uint8Array.of(...whole, 0)), undefined);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = changed(whole, random);
    const facts = readCertificate(bytes);
    if (facts === undefined) continue;
    // Whatever it says by now, it is shown and compared without a fault.
    fullSubjectText(facts.subject);
    dnKeysOfSubject(facts.subject);
    dnKeysOfText(subjectText(facts.subject));
  }
});

const ROUNDS = 20_000;

function changed(whole: Uint8Array, random: Random): Uint8Array {
  const bytes = whole.slice();
  for (let i = 1 + randomBelow(random, 4); i > 0; i--) {
    const at = randomBelow(random, bytes.length);
    const length = randomBelow(random, 9);
    switch (randomBelow(random, 3)) {
      case 0:
        bytes[at] = randomBelow(random, 256);
        break;
      case 1:
        bytes.copyWithin(at, randomBelow(random, bytes.length), at + length);
        break;
      case 2:
        // What is long, deep or without an end.
        bytes[at] = [0x80, 0x82, 0x84, 0xff, 0x1f, 0x3f, 0][length % 7]!;
    }
  }
  return bytes;
}
