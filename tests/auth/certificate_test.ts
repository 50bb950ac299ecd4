/** Who a client is by its certificate: what nats-server 2.15.3 lets in, refuses and logs. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { makeDoor } from "../../src/auth/configured_door.ts";
import {
  type Door,
  isRefused,
  type LoginRequest,
} from "../../src/auth/door.ts";
import type { UserOptions } from "../../src/options/options.ts";
import type { TlsState } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type Certificate,
  makeCertificate,
  makeCertificates,
  opensslMissing,
  type Owner,
} from "../support/certificates.ts";
import { seededRandom } from "../support/random.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

const skip = opensslMissing;

function tlsOf(...certificates: readonly Certificate[]): TlsState {
  return {
    version: "1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    peerCertificates: certificates.map(({ cert }) => ({
      der: Uint8Array.from(new X509Certificate(cert).raw),
      sha256: "",
      keySha256: "",
    })),
  };
}

const OWNERS: Readonly<Record<string, Owner>> = {
  alice: { subject: "/C=DE/O=Acme/OU=dev/CN=alice" },
  bob: {
    subject: "/CN=bob",
    names: "email:bob@x.org,email:b2@x.org,DNS:bob.host,DNS:b2.host," +
      "URI:spiffe://x/bob",
  },
  carl: { subject: "/DC=org/DC=acme/OU=dev/CN=carl" },
  dora: { subject: "/O=Acme/OU=a+CN=dora" },
  hans: { subject: "/O=Acme/UID=hans" },
  nobody: { subject: "/", names: "" },
  host: { subject: "/", names: "DNS:only.dns" },
};

type Shown = (name: string) => TlsState;

function certificatesOf(t: Cleanup): Shown {
  const { authority } = makeCertificates(t);
  const made = new Map<string, TlsState>();
  return (name) => {
    const known = made.get(name) ??
      tlsOf(makeCertificate(authority, name, OWNERS[name]!));
    made.set(name, known);
    return known;
  };
}

function doorOf(
  users: readonly UserOptions[],
  { noAuthUser = "", mapsCertificates = true } = {},
): Door {
  return makeDoor({
    authorization: { users: [...users], timeoutMs: 1 },
    accounts: [],
    noAuthUser,
    account: "A",
    systemAccount: "$SYS",
    mapsCertificates,
  }, {
    ...platform,
    compareHash: (secret) => Promise.resolve(secret === "right"),
    random: seededRandom(1),
  });
}

function usersOf(...names: readonly string[]): UserOptions[] {
  return names.map((user) => ({ user, password: "" }));
}

interface Came {
  /** The user, or what the log calls who is refused. */
  readonly who: string | undefined;
  readonly isIn: boolean;
  readonly log: readonly string[];
}

async function comes(
  door: Door,
  tls: TlsState | undefined,
  { user = "", pass = "", more = {} as Partial<LoginRequest> } = {},
): Promise<Came> {
  const log: string[] = [];
  const verdict = await door.admit({
    credentials: { user, pass, auth_token: "", nkey: "", sig: "", jwt: "" },
    nonce: undefined,
    tls,
    mapsCertificate: true,
    remote: { host: "127.0.0.1", port: 1 },
    connectionType: "STANDARD",
    waiting: { isOver: false, hasLeft: false, begins: () => {} },
    log: {
      debug: (text) => log.push(text),
      warn: (text) => log.push(`WRN ${text}`),
      error: (text) => log.push(text),
    },
    ...more,
  });
  return isRefused(verdict)
    ? { who: verdict.who, isIn: false, log }
    : { who: verdict.user, isIn: true, log };
}

// CVE-2026-33248: a subject is compared by its parts.
test("the first name in the certificate that is a user's is who comes", {
  skip,
}, async (t) => {
  const shown = certificatesOf(t);
  for (
    const [certificate, users, who, what] of [
      [
        "bob",
        ["b2@x.org", "bob@x.org", "bob.host"],
        "bob@x.org",
        "email found in cert",
      ],
      ["bob", ["b2@x.org", "bob.host"], "b2@x.org", "email found in cert"],
      ["bob", ["spiffe://x/bob", "b2.host"], "b2.host", "SAN found in cert"],
      [
        "bob",
        ["CN=bob", "spiffe://x/bob"],
        "spiffe://x/bob",
        "URI found in cert",
      ],
      ["bob", ["x", "CN=bob"], "CN=bob", "DistinguishedNameMatch"],
      [
        "alice",
        ["C=DE,O=Acme,OU=dev,CN=alice", "CN=alice, ou=dev,O=Acme,C=DE"],
        "CN=alice, ou=dev,O=Acme,C=DE",
        "DistinguishedNameMatch",
      ],
      [
        "alice",
        ["OU=dev,C=DE,O=Acme,CN=alice"],
        "OU=dev,C=DE,O=Acme,CN=alice",
        "DistinguishedNameMatch",
      ],
      [
        "dora",
        ["CN=dora,OU=a,O=Acme"],
        "CN=dora,OU=a,O=Acme",
        "certificate subject",
      ],
      [
        "carl",
        ["CN=carl,OU=dev,DC=org,DC=acme"],
        "CN=carl,OU=dev,DC=org,DC=acme",
        "DistinguishedNameMatch",
      ],
      ["carl", ["CN=carl,OU=dev"], "CN=carl,OU=dev", "certificate subject"],
      ["hans", ["O=Acme"], "O=Acme", "certificate subject"],
      ["host", ["only.dns"], "only.dns", "SAN found in cert"],
    ] as const
  ) {
    const came = await comes(doorOf(usersOf(...users)), shown(certificate));
    assert.deepEqual([came.isIn, came.who], [true, who], users.join(" "));
    assert.equal(came.log.at(-1), `Using ${what} for auth ["${who}"]`);
  }
});

test(
  "who has no user's name in the certificate is refused, and the log says what was looked for",
  { skip },
  async (t) => {
    const shown = certificatesOf(t);
    const door = doorOf(usersOf("somebody"));
    for (
      const [tls, ...log] of [
        [undefined, "User required in cert, no TLS connection state"],
        [
          { version: "", cipher: "" },
          "User required in cert, no peer certificates found",
        ],
        [shown("nobody"), "User required in cert, none found"],
        [
          shown("alice"),
          'DistinguishedNameMatch could not be used for auth ["CN=alice,OU=dev,O=Acme,C=DE"]',
          'User in cert ["CN=alice,OU=dev,O=Acme,C=DE"], not found',
        ],
        [
          shown("carl"),
          'DistinguishedNameMatch could not be used for auth ["CN=carl,OU=dev"]',
          'RDNSequence could not be used for auth ["CN=carl,OU=dev,DC=org,DC=acme"]',
          'User in cert ["CN=carl,OU=dev"], not found',
        ],
        [shown("hans"), 'User in cert ["O=Acme"], not found'],
        [
          shown("host"),
          'DistinguishedNameMatch could not be used for auth [""]',
          'User in cert [""], not found',
        ],
      ] as const
    ) {
      const came = await comes(door, tls);
      assert.deepEqual(came, { isIn: false, who: undefined, log });
    }
  },
);

test(
  "the first certificate of several counts, and one that cannot be read names nobody",
  { skip },
  async (t) => {
    const shown = certificatesOf(t);
    const [alice] = shown("alice").peerCertificates!;
    const [bob] = shown("bob").peerCertificates!;
    const door = doorOf(usersOf("CN=bob"));
    const state = { version: "", cipher: "" };
    const first = await comes(door, {
      ...state,
      peerCertificates: [bob!, alice!],
    });
    assert.equal(first.isIn, true);
    assert.equal(
      first.log[0],
      "Multiple peer certificates found, selecting first",
    );
    const second = await comes(door, {
      ...state,
      peerCertificates: [alice!, bob!],
    });
    assert.equal(second.isIn, false);
    const cut = { ...bob!, der: bob!.der.subarray(1) };
    assert.deepEqual(await comes(door, { ...state, peerCertificates: [cut] }), {
      isIn: false,
      who: undefined,
      log: ["User required in cert, the certificate cannot be read"],
    });
  },
);

test("what CONNECT says of a user does not count, and a password is compared", {
  skip,
}, async (t) => {
  const tls = certificatesOf(t)("bob");
  const door = doorOf([...usersOf("CN=bob"), { user: "x", password: "y" }]);
  const named = await comes(door, tls, { user: "x" });
  assert.deepEqual([named.isIn, named.who], [true, "CN=bob"]);
  assert.equal(
    named.log.at(-1),
    'WRN User "x" found in connect proto, but user required from cert',
  );
  const withPassword = await comes(door, tls, { user: "x", pass: "y" });
  assert.deepEqual([withPassword.isIn, withPassword.who], [
    false,
    'User "CN=bob"',
  ]);
  for (const password of ["secret", "$2a$04$hash"]) {
    const guarded = doorOf([{ user: "CN=bob", password }]);
    const right = password === "secret" ? "secret" : "right";
    assert.equal((await comes(guarded, tls, { pass: right })).who, "CN=bob");
    for (const pass of ["", "wrong"]) {
      const came = await comes(guarded, tls, { pass });
      assert.deepEqual([came.isIn, came.who], [false, 'User "CN=bob"']);
    }
  }
});

test(
  "a user is passed over where it may not come this way",
  { skip },
  async (t) => {
    const tls = certificatesOf(t)("bob");
    const door = doorOf([
      { user: "bob@x.org", password: "", connectionTypes: ["WEBSOCKET"] },
      { user: "CN=bob", password: "" },
    ]);
    assert.equal((await comes(door, tls)).who, "CN=bob");
    const more = { connectionType: "WEBSOCKET" } as const;
    assert.equal((await comes(door, tls, { more })).who, "bob@x.org");
  },
);

test("a certificate comes before the user of those without credentials", {
  skip,
}, async (t) => {
  const shown = certificatesOf(t);
  const users = [...usersOf("CN=bob"), { user: "any", password: "p" }];
  const door = doorOf(users, { noAuthUser: "any" });
  assert.equal((await comes(door, shown("bob"))).who, "CN=bob");
  assert.equal((await comes(door, shown("alice"))).isIn, false);
  assert.equal(door.greet({ mapsCertificate: true }).anonymous, undefined);
  assert.equal(door.greet().anonymous?.user, "any");
  const more = { mapsCertificate: false };
  assert.equal((await comes(door, undefined, { more })).who, "any");
});

test("a user without a password needs a certificate on every port once there is one that maps them", async () => {
  const users = [...usersOf("CN=bob"), { user: "y", password: "z" }];
  const more = { mapsCertificate: false };
  const login = { user: "CN=bob", more };
  const refused = await comes(doorOf(users), undefined, login);
  assert.equal(refused.isIn, false);
  assert.deepEqual(refused.log, [
    'User "CN=bob" requires a client certificate',
  ]);
  const other = await comes(doorOf(users), undefined, {
    user: "y",
    pass: "z",
    more,
  });
  assert.equal(other.who, "y");
  // Where no port maps users, it is a user like all others.
  const unmapped = doorOf(users, { mapsCertificates: false });
  assert.equal((await comes(unmapped, undefined, login)).who, "CN=bob");
  const anybody = doorOf(users, { noAuthUser: "CN=bob" });
  assert.equal(anybody.greet().anonymous, undefined);
  assert.equal((await comes(anybody, undefined, { more })).isIn, false);
});

test(
  "the one user of an authorization, and a token, are not looked for in certificates",
  { skip },
  async (t) => {
    const tls = certificatesOf(t)("bob");
    for (
      const authorization of [{ user: "CN=bob", password: "x" }, { token: "x" }]
    ) {
      const door = makeDoor({
        authorization: { users: [], timeoutMs: 1, ...authorization },
        accounts: [],
        noAuthUser: "",
        account: "A",
        systemAccount: "$SYS",
        mapsCertificates: true,
      }, { ...platform, random: seededRandom(1) });
      assert.deepEqual(await comes(door, tls), {
        isIn: false,
        who: undefined,
        log: [],
      });
    }
    const single = doorOf([]);
    assert.equal(
      (await comes(single, tls)).isIn,
      true,
      "it asks nobody to log in",
    );
  },
);
