/**
 * What two servers can never say alike, put into the same words: ids, ports,
 * versions, nonces, times, and what a machine has or a process takes. All other
 * bytes stay as they are.
 */

/** A field of INFO or of a page whose value is each server's own. */
const OWN_TEXTS = [
  "server_id",
  "remote_id",
  "version",
  "go",
  "nonce",
  "start",
  "now",
  "stop",
  "last_activity",
  "uptime",
  "idle",
  "rtt",
  "config_load_time",
  "update_time",
  // Of events and answers of the system account.
  "ver",
  "time",
  "timestamp",
  "user_nkey",
  // Of streams and consumers.
  "created",
  "ts",
  "first_ts",
  "last_ts",
  "last_active",
  "pinned_client_id",
  "pinned_id",
  "pinned_ts",
];

const OWN_NUMBERS = [
  "port",
  "cluster_port",
  "http_port",
  "mem",
  "cores",
  "gomaxprocs",
  "cpu",
  "rtt",
  "iat",
  "exp",
  // What nats-server has not flushed yet, even when the client has it.
  "pending_bytes",
  // Of a consumer.
  "pause_remaining",
  "ack_time",
  // Of a mirror or a source.
  "active",
];

/** Numbers of connections: named in the order in which they are told. */
const IDS = ["client_id", "cid", "rid", "id"];

/** Also where JSON is in a text. */
const texts = new RegExp(
  `(\\\\?"(?:${OWN_TEXTS.join("|")})\\\\?": ?\\\\?")[^"\\\\]*(?=\\\\?")`,
  "g",
);
const numbers = new RegExp(`("(?:${OWN_NUMBERS.join("|")})": ?)-?[\\d.]+`, "g");
const ids = new RegExp(`("(?:${IDS.join("|")})": ?)(\\d+)`, "g");

/** `text` without what is one server's own. */
export function normal(text: string): string {
  const named = new Map<string, string>();
  const bare = (part: string): string =>
    part
      // A nats-server that was built from a checkout tells of which commit.
      .replace(/,"git_commit":"[^"]*"/g, "")
      // A server of no name has its id as its name.
      .replace(/("(?:server_name|remote_name)": ?)"N[A-Z0-9]{55}"/g, '$1"<id>"')
      .replace(texts, "$1<own>")
      .replace(numbers, "$1<own>")
      .replace(/(Nats-Time-Stamp: )\S+/g, "$1<time>")
      .replace(/(Nats-Pin-Id: )\S+/g, "$1<own>")
      // A stream names itself where it is a source.
      .replace(/(Nats-Stream-Source: (?:[^ ]+ ){5})\w{8}\b/g, "$1<own>")
      .replace(/(does not match: )\w{8}\b/g, "$1<own>")
      .replace(/(Nats-Stream-Identity: )\w{8}\b/g, "$1<own>")
      .replace(/(\$JS\.FC\.\w+\.\w+\.)\w{4}\b/g, "$1<own>")
      // What a server says in the system account has a number.
      .replace(/("flags":\d+,"seq":)\d+/g, "$1<own>")
      .replace(/(\$JS\.ACK(?:\.[^.\s]+){5}\.)\d{19}\b/g, "$1<time>")
      .replace(/(127\.0\.0\.1:)\d+/g, "$1<port>")
      .replace(ids, (_, field, id) => {
        if (!named.has(id)) named.set(id, `<id ${named.size + 1}>`);
        return field + named.get(id);
      })
      .replace(/\bN[A-Z2-7]{55}\b/g, "<server>")
      .replace(/("id": ?)"\w{22}"/g, '$1"<own>"')
      .replace(/\b_R_\.\w{6}\.\w{6}(\.)?(\w{8}\.T)?\b/g, (_, __, tracked) =>
        tracked === undefined ? "_R_.<own>" : "_R_.<own>.T")
      .replace(SOURCES, inOrderOfName)
      .replace(/"service":\d+,"system":\d+,"total":\d+/g, '"total":"<own>"')
      .replace(/\$SYS\._INBOX\.[\w.]+/g, "$SYS._INBOX.<own>");
  return bare(withBodies(inOrder(text), bare))
    .replace(SUBSCRIPTIONS, inOrderOfText)
    .replace(ACCOUNTS, accountsInOrder)
    .replace(IMPORTS, (list) => list.split(/,\n(?= {6}\{)/).sort().join(",\n"))
    // Each server tells its own interest of the system account, in any order.
    .replace(/^(?:\w+: )?RS\+ \$SYS .*\r\n/gm, "")
    // How many clients an account has is told again now and then, too.
    .replace(
      /^MSG \$SYS\.ACCOUNT\.\S+\.SERVER\.CONNS [^\r]*\r\n[^\r]*\r\n/gm,
      "",
    )
    // Whether a PING of the server comes, or a consumer's sign of life, is a matter of time.
    .replace(/^PING\r\n/gm, "")
    .replace(
      /^HMSG [^\r]*\r\nNATS\/1\.0 100 Idle Heartbeat\r\n(?:Nats-[^\r]*\r\n)*\r\n\r\n/gm,
      "",
    );
}

/** `text` with what `bare` makes of each payload; where it changes one, its size goes, too. */
function withBodies(text: string, bare: (body: string) => string): string {
  let result = "";
  for (let at = 0; at < text.length;) {
    const frame = frameAt(text, at)?.text;
    if (frame === undefined) result += text[at++];
    else {
      const start = frame.indexOf("\n") + 1;
      const body = bare(frame.slice(start));
      const line = frame.slice(0, start);
      const isSame = body === frame.slice(start);
      result += (isSame ? line : line.replace(/(?: \d+)+\r/, " <own>\r")) +
        body;
      at += frame.length;
    }
  }
  return result;
}

/**
 * The sources of a stream with how far each is, which nats-server keeps in a map:
 * in the order of their names. Those of a configuration have an order.
 */
const SOURCES = /(?<="sources":)\[(?:[^[\]]|\[(?:[^[\]]|\[[^[\]]*\])*\])*\]/g;

function inOrderOfName(list: string): string {
  const sources = list.slice(1, -1).split(/,(?=\{"name":)/);
  return sources.every((source) => source.includes('"lag":'))
    ? `[${sources.sort().join(",")}]`
    : list;
}

/** The subscriptions of one connection, which nats-server keeps in a map. */
const SUBSCRIPTIONS =
  /(?<=^ {6,}"subscriptions_list(?:_detail)?": \[\n)[^]*?(?=\n {6,}\])/gm;

function inOrderOfText(list: string): string {
  return list.split(/,\n(?= {8}\S|\n {6}\S)/).sort().join(",\n");
}

/** Accounts, too. What the system account sends and hears is a matter of time. */
const ACCOUNTS = /(?<=^ {2}"account(?:s|_statz)": \[\n)[^]*?(?=\n {2}\])/gm;

function accountsInOrder(list: string): string {
  return list.split(/,\n(?= {4}\S)/).sort().join(",\n")
    .replace(
      /"acc": "\$SYS"[^]*?\n {4}\}/,
      (row) => row.replace(/\d+/g, "<own>"),
    );
}

/** Of one account, and its exports. */
const IMPORTS = /(?<=^ {4}"(?:im|ex)ports": \[\n)[^]*?(?=\n {4}\])/gm;

interface Frame {
  readonly sid: string;
  /** All but the sid. */
  readonly rest: string;
  readonly text: string;
}

/**
 * The copies of one message for several subscriptions of one client come in any
 * order: nats-server keeps them in a map. Here they come in that of their sids.
 */
function inOrder(text: string): string {
  let result = "";
  let run: Frame[] = [];
  const endRun = (): void => {
    run.sort((one, other) => one.sid < other.sid ? -1 : 1);
    result += run.map((frame) => frame.text).join("");
    run = [];
  };
  let at = 0;
  while (at < text.length) {
    const frame = frameAt(text, at);
    if (frame === undefined || frame.rest !== run[0]?.rest) endRun();
    if (frame === undefined) result += text[at++];
    else {
      run.push(frame);
      at += frame.text.length;
    }
  }
  endRun();
  return result;
}

const MESSAGE = /H?MSG (\S+) (\S+) (?:\S* )*(\d+)\r\n/y;

/** The message that begins at a line's start. */
function frameAt(text: string, at: number): Frame | undefined {
  if (at > 0 && text[at - 1] !== "\n" && text[at - 1] !== " ") return undefined;
  MESSAGE.lastIndex = at;
  const match = MESSAGE.exec(text);
  if (match === null) return undefined;
  const [line, subject, sid, size] = match;
  const end = at + line.length + Number(size) + 2;
  const frame = text.slice(at, end);
  const rest = frame.replace(`${subject} ${sid} `, `${subject} `);
  return { sid: sid!, rest, text: frame };
}
