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
];

const OWN_NUMBERS = [
  "port",
  "cluster_port",
  "http_port",
  "mem",
  "cores",
  "gomaxprocs",
  "cpu",
  // What nats-server has not flushed yet, even when the client has it.
  "pending_bytes",
];

/** Numbers of connections: named in the order in which they are told. */
const IDS = ["client_id", "cid", "rid"];

const texts = new RegExp(`("(?:${OWN_TEXTS.join("|")})": ?)"[^"]*"`, "g");
const numbers = new RegExp(`("(?:${OWN_NUMBERS.join("|")})": ?)-?[\\d.]+`, "g");
const ids = new RegExp(`("(?:${IDS.join("|")})": ?)(\\d+)`, "g");

/** `text` without what is one server's own. */
export function normal(text: string): string {
  const named = new Map<string, string>();
  return inOrder(text)
    // A nats-server that was built from a checkout tells of which commit.
    .replace(/,"git_commit":"[^"]*"/g, "")
    // A server of no name has its id as its name.
    .replace(/("(?:server_name|remote_name)": ?)"N[A-Z0-9]{55}"/g, '$1"<id>"')
    .replace(texts, '$1"<own>"')
    .replace(numbers, "$1<own>")
    .replace(/(127\.0\.0\.1:)\d+/g, "$1<port>")
    .replace(ids, (_, field, id) => {
      if (!named.has(id)) named.set(id, `<id ${named.size + 1}>`);
      return field + named.get(id);
    })
    .replace(SUBSCRIPTIONS, inOrderOfText)
    // Whether a PING of the server comes is a matter of time.
    .replace(/^PING\r\n/gm, "");
}

/** The subscriptions of one connection, which nats-server keeps in a map. */
const SUBSCRIPTIONS =
  /(?<=^ {6,}"subscriptions_list(?:_detail)?": \[\n)[^]*?(?=\n {6,}\])/gm;

function inOrderOfText(list: string): string {
  return list.split(/,\n(?= {8}\S|\n {6}\S)/).sort().join(",\n");
}

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

const MESSAGE = /H?MSG (\S+) (\S+) (?:\S+ )*(\d+)\r\n/y;

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
