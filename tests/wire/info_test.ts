/** INFO and CONNECT: what is read from JSON, what is refused, how it is written. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { goJson } from "../../src/core/json.ts";
import { readConnect } from "../../src/wire/connect.ts";
import {
  type ConnectFields,
  connectLine,
  defaultConnectFields,
  infoLine,
  readInfo,
  type ServerInfo,
} from "../../src/wire/info.ts";
import { test } from "../support/test.ts";

const DEFAULTS = defaultConnectFields();

test("CONNECT keeps what it does not name", () => {
  assert.deepEqual(connect("{}"), DEFAULTS);
  assert.deepEqual(connect('{"name":"n"}'), { ...DEFAULTS, name: "n" });
});

test("a second CONNECT starts from the first", () => {
  const first = connect('{"verbose":false,"user":"u"}');
  const second = connect('{"user":"v"}', first);
  assert.equal(second.verbose, false);
  assert.equal(second.user, "v");
  assert.equal(first.user, "u", "the first is left as it was");
});

test("CONNECT takes every field that it knows", () => {
  const options: ConnectFields = {
    verbose: false,
    pedantic: false,
    echo: false,
    tls_required: true,
    user: "user",
    pass: "pass",
    auth_token: "token",
    nkey: "nkey",
    sig: "sig",
    jwt: "jwt",
    proxy_sig: "proxy_sig",
    name: "name",
    lang: "lang",
    version: "1.0",
    protocol: 1,
    headers: true,
    no_responders: true,
    account: "account",
    new_account: true,
    cluster: "C1",
    cluster_dynamic: true,
    gateway: "G",
  };
  assert.deepEqual(connect(JSON.stringify(options)), options);
});

test("names of CONNECT match in any case", () => {
  assert.equal(connect('{"VERBOSE":false}').verbose, false);
  assert.equal(connect('{"Auth_Token":"t"}').auth_token, "t");
  assert.equal(connect('{"PASS":"one","pass":"two"}').pass, "two");
});

test("null in CONNECT is like nothing at all", () => {
  const everyNull = Object.keys(DEFAULTS).map((name) => `"${name}":null`);
  assert.deepEqual(connect(`{${everyNull.join()}}`), DEFAULTS);
});

const NO_INTEGERS = ["1.0", "1.5", "1e0", "10e-1", "1E2", "-0.0"];
const TOO_LARGE = ["9223372036854775808", "-9223372036854775809"];

/** What nats-server 2.15.3 takes and refuses, whatever the value means. */
const VALUES: Readonly<Record<string, { right: string[]; wrong: string[] }>> = {
  boolean: {
    right: ["true", "false", "null"],
    wrong: ["1", "0", "1.0", '"true"', '""', "[]", "{}"],
  },
  string: {
    right: ['"x"', '""', '"1"', "null"],
    wrong: ["1", "1.5", "true", "false", '["a"]', '{"a":1}'],
  },
  integer: {
    right: ["0", "1", "-1", "-0", "9223372036854775807", "null"],
    wrong: [...NO_INTEGERS, ...TOO_LARGE, "true", '"1"', "[1]", "{}"],
  },
  permissions: {
    right: ["{}", '{"allow":["a",null],"deny":null,"x":1}', "null"],
    wrong: ["1", "true", '"x"', "[]", '{"allow":"a"}', '{"DENY":[1]}'],
  },
};

const OF_CLIENTS = {
  boolean:
    "verbose pedantic echo tls_required headers no_responders new_account",
  string: "user pass auth_token nkey sig jwt name lang version account " +
    "remote_account proxy_sig",
  integer: "protocol",
  permissions: "import export",
};
const OF_ROUTES = {
  boolean: `${OF_CLIENTS.boolean} cluster_dynamic lnoc lnocu`,
  string: `${OF_CLIENTS.string} cluster gateway`,
  integer: OF_CLIENTS.integer,
  permissions: OF_CLIENTS.permissions,
};

for (
  const [sender, fields] of [["client", OF_CLIENTS], [
    "route",
    OF_ROUTES,
  ]] as const
) {
  for (const [type, names] of Object.entries(fields)) {
    test(`in a ${sender}'s CONNECT, fields of the type ${type} take nothing else`, () => {
      const { right, wrong } = VALUES[type]!;
      for (const name of names.split(" ")) {
        for (const value of right) {
          connect(`{"${name}":${value}}`, DEFAULTS, sender);
        }
        for (const value of wrong) {
          for (
            const text of [
              `{"${name}":${value}}`,
              `{"${name.toUpperCase()}": ${value} , "name":"n"}`,
              `{"${name}":${right[0]},"x":{"y":[]},"${name}":${value}}`,
              `{"${name}":${value},"${name}":${right[0]}}`,
            ]
          ) {
            assert.throws(
              () => connect(text, DEFAULTS, sender),
              closesInSilence,
              text,
            );
          }
        }
      }
    });
  }
}

test("a client may put anything where only a route has a field", () => {
  const json = '{"cluster":1.5,"cluster_dynamic":"x","gateway":[],"lnoc":1}';
  assert.deepEqual(connect(json, DEFAULTS, "client"), DEFAULTS);
});

test("fields of CONNECT that come twice are read in their order", () => {
  assert.equal(connect('{"protocol":5,"Protocol":1}').protocol, 1);
  assert.equal(connect('{"Protocol":1,"protocol":5}').protocol, 5);
  assert.equal(connect('{"user":"a","user":null}').user, "a");
  assert.equal(connect('{"pa\u017f\u017f":"a"}').pass, "a");
  assert.equal(connect('{"pa\\u0073s":"a"}').pass, "a");
  assert.equal(
    connect(' { "x" : [{"user":"b"}] , "user" : "a,}:" } ').user,
    "a,}:",
  );
});

test("fields that CONNECT does not know may be anything and change nothing", () => {
  const json = '{"x":{"verbose":false},"y":[1,2],"verbose ":1,"":true}';
  assert.deepEqual(connect(json), DEFAULTS);
});

test("names from the depths of JavaScript do no harm", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  for (const name of names) {
    const options = connect(`{"${name}":{"verbose":false,"user":"evil"}}`);
    assert.deepEqual(options, DEFAULTS);
    assert.deepEqual(Object.keys(options), Object.keys(DEFAULTS));
    const info = readInfoText(`{"${name}":{"host":"evil","port":1}}`);
    assert.equal(info.host, "");
    assert.equal(info.port, 0);
  }
  assert.equal(Reflect.get({}, "user"), undefined);
});

test("JSON that is no object closes without a word", () => {
  for (
    const json of ["", " ", "{", "[]", '"x"', "1", "{}{}", "{'a':1}"]
  ) {
    assert.throws(() => connect(json), closesInSilence, json);
    assert.throws(() => readInfoText(json), closesInSilence, json);
  }
  assert.deepEqual(connect("null"), DEFAULTS, "nats-server takes a null");
});

test("JSON nested beyond reason is refused like other broken JSON", () => {
  const json = "[".repeat(60_000);
  assert.throws(() => connect(json), closesInSilence);
  assert.throws(() => readInfoText(`{"a":${json}`), closesInSilence);
});

test("CONNECT reads UTF-8", () => {
  const bytes = asciiBytes('{"user":"M\xc3\xbcller\xff"}');
  const { user } = readConnect(DEFAULTS, bytes, 0, bytes.length);
  assert.equal(user, "Müller\ufffd");
  assert.equal(connect('{"user":"\\u00fc"}').user, "ü");
});

test("INFO has a neutral value for what is absent or of the wrong type", () => {
  const odd = '{"port":"4222","headers":1,"server_id":7,"connect_urls":"a"}';
  assert.deepEqual(readInfoText(odd), readInfoText("{}"));
  const info = readInfoText("{}");
  assert.equal(info.server_id, "");
  assert.equal(info.port, 0);
  assert.equal(info.ldm, false);
  assert.deepEqual(info.connect_urls, []);
});

test("INFO keeps those of the URLs that are texts", () => {
  const info = readInfoText('{"connect_urls":["a:1",2,null,"b:2"]}');
  assert.deepEqual(info.connect_urls, ["a:1", "b:2"]);
});

const INFO: ServerInfo = {
  server_id: "NID",
  server_name: "N1",
  version: "1.0.0",
  proto: 1,
  go: "",
  host: "127.0.0.1",
  port: 4222,
  headers: true,
  auth_required: true,
  tls_required: true,
  tls_verify: true,
  tls_available: true,
  max_payload: 1_048_576,
  client_id: 5,
  client_ip: "127.0.0.1",
  nonce: "nonce",
  cluster: "C1",
  cluster_dynamic: true,
  connect_urls: ["127.0.0.1:4222", "[::1]:4222"],
  ldm: true,
  ip: "nats-route://127.0.0.1:6222/",
  gateway: "",
  lnoc: true,
};

test("INFO ends with a blank before its line end", () => {
  const { server_id, server_name, version, proto } = INFO;
  const { host, port, headers, max_payload } = INFO;
  const least: ServerInfo = {
    ...{ server_id, server_name, version, proto },
    ...{ host, port, headers, max_payload },
  };
  assert.equal(
    byteString(infoLine(least)),
    'INFO {"server_id":"NID","server_name":"N1","version":"1.0.0","proto":1,' +
      '"host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576} \r\n',
  );
});

test("INFO is read as it was written", () => {
  const line = byteString(infoLine(INFO));
  assert.deepEqual(readInfoText(line.slice("INFO ".length, -2)), INFO);
});

test("JSON on the wire has the escapes of Go", () => {
  assert.equal(
    goJson({ a: "<b> & \u2028\u2029" }),
    '{"a":"\\u003cb\\u003e \\u0026 \\u2028\\u2029"}',
  );
  assert.deepEqual(JSON.parse(goJson({ a: '<">' })), { a: '<">' });
});

test("INFO and CONNECT are single lines of UTF-8, whatever they hold", () => {
  const name = "M\u00fc\r\nPING\r\n";
  const info = byteString(infoLine({ ...INFO, server_name: name }));
  assert.match(info, /^INFO [^\r\n]* \r\n$/);
  assert.match(info, /M\xc3\xbc/);
  const line = byteString(connectLine({ name }));
  assert.equal(line, 'CONNECT {"name":"M\xc3\xbc\\r\\nPING\\r\\n"}\r\n');
});

function connect(
  json: string,
  options: ConnectFields = defaultConnectFields(),
  sender: "client" | "route" = "route",
): ConnectFields {
  const bytes = new TextEncoder().encode(json);
  return readConnect(options, bytes, 0, bytes.length, sender);
}

function readInfoText(json: string): ServerInfo {
  return readInfo(asciiBytes(json), 0, json.length);
}

function closesInSilence(error: unknown): boolean {
  return error instanceof ProtocolError && error.wire === "" &&
    error.reason === ClosedReason.PROTOCOL_VIOLATION;
}
