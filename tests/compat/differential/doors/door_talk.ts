/**
 * Talks at doors: files of `door_talks/`, written as `tests/README.md` says. A
 * talk is held with one server, and what its peers heard comes out.
 */
import { deflateRawSync } from "node:zlib";
import type { Certificates } from "../../../support/certificates.ts";
import { DoorPeer, type Frame, type Handshake } from "./door_peer.ts";

/** Where the doors of a server are; a door that it has not is missing. */
export interface Doors {
  readonly client?: number;
  readonly websocket?: number;
  readonly monitor?: number;
}

export interface DoorTalk {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface DoorGroup {
  readonly title: string;
  readonly config: string;
  readonly talks: readonly DoorTalk[];
  /** Configurations that no server takes. */
  readonly refusals: readonly DoorTalk[];
}

/** The groups of a file: each `== config` begins one. */
export function readDoorTalks(file: string, text: string): DoorGroup[] {
  const [title = "", ...rest] = text.split("\n");
  const groups: {
    title: string;
    config: string;
    talks: { title: string; lines: string[] }[];
    refusals: { title: string; lines: string[] }[];
  }[] = [];
  let add: (line: string) => void = () => {};
  for (const line of rest) {
    const [, kind, name = ""] = /^== (\w+) ?(.*)$/.exec(line) ?? [];
    const group = groups.at(-1);
    if (kind === "config") {
      const next = {
        title: `${file}: ${title}${name && `, ${name}`}`,
        config: "",
        talks: [],
        refusals: [],
      };
      groups.push(next);
      add = (text) => void (next.config += `${text}\n`);
    } else if (kind === "talk" || kind === "refused") {
      const one = { title: name, lines: [] as string[] };
      group?.[kind === "talk" ? "talks" : "refusals"].push(one);
      add = (text) => void one.lines.push(text);
    } else if (kind !== undefined) throw new Error(`${file}: ${line}`);
    else if (line.trim() !== "" && !line.startsWith("#")) add(line);
  }
  return groups;
}

/** What the peers of `talk` heard from the server with these doors. */
export async function holdAtDoor(
  { lines }: DoorTalk,
  doors: Doors,
  certificates: Certificates,
): Promise<string> {
  const peers = new Map<string, DoorPeer>();
  const pages: string[] = [];
  try {
    for (const line of lines) {
      const [, name = "", verb = "", rest = ""] = /^(\w+) (\w+) ?(.*)$/.exec(
        line,
      ) ?? [];
      if (verb === "dials") {
        const port = doors[rest as keyof Doors];
        if (port === undefined) throw new Error(`There is no door ${rest}`);
        peers.set(name, await DoorPeer.dial(port));
        continue;
      }
      const peer = peers.get(name);
      if (peer === undefined) throw new Error(`Nobody is called so: ${line}`);
      await act(peer, verb, rest, certificates);
    }
  } finally {
    for (const peer of peers.values()) peer.end();
  }
  const heard = [...peers].map(([name, { transcript }]) =>
    `${name}: ${transcript}`
  );
  return [...heard, ...pages].join("\n");
}

async function act(
  peer: DoorPeer,
  verb: string,
  rest: string,
  certificates: Certificates,
): Promise<void> {
  switch (verb) {
    case "sends":
      return peer.send(bytesOf(rest));
    case "upgrades":
      peer.expectsFrames();
      return peer.send(requestOf(rest));
    case "asks":
      peer.expectsFrames();
      return peer.send(bytesOf(rest));
    case "says":
      return peer.frame(frameOf(`bin ${rest}`));
    case "frame":
      return peer.frame(frameOf(rest));
    case "tls":
      return await peer.secure(handshakeOf(rest, certificates));
    case "hears":
      // INFO has ids of 56 letters: two or three may stand in there by chance.
      if (/^[A-Z2-7]{1,3}$/.test(rest)) throw new Error(`Too short: ${rest}`);
      return await peer.hears(textOf(rest));
    case "closed":
      return await peer.closed();
    case "leaves":
      return peer.end();
    default:
      throw new Error(`No peer can do this: ${verb} ${rest}`);
  }
}

/** `↵` is a line end, `\xNN` a byte, `{100*a}` a hundred times an `a`. */
function textOf(text: string): string {
  return text.replaceAll("↵", "\r\n")
    .replaceAll(
      /\\x([0-9a-f]{2})/g,
      (_, hex) => String.fromCharCode(parseInt(hex, 16)),
    )
    .replaceAll(/\{(\d+)\*(.)\}/g, (_, count, one) => one.repeat(count));
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(textOf(text), "latin1");
}

const USUAL_HEADERS: readonly (readonly [string, string])[] = [
  ["Host", "127.0.0.1"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

/** `PATH | Name: value | -Name`: the usual request, with that changed. */
function requestOf(rest: string): Uint8Array {
  const [target = "/", ...changes] = rest.split(" | ");
  const headers = [...USUAL_HEADERS];
  for (const change of changes) {
    const [, isOut, name = "", value = ""] = /^(-?)([\w-]+):? ?(.*)$/.exec(
      change,
    ) ?? [];
    const at = headers.findIndex(([known]) =>
      known.toLowerCase() === name.toLowerCase()
    );
    if (at >= 0) headers.splice(at, 1);
    if (isOut !== "-") headers.push([name, value]);
  }
  const [path = "/", method = "GET"] = target.split(" ");
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `${method} ${path || "/"} HTTP/1.1\r\n${lines.join("")}\r\n`,
    "latin1",
  );
}

const OPCODES: Readonly<Record<string, number>> = {
  cont: 0,
  text: 1,
  bin: 2,
  close: 8,
  ping: 9,
  pong: 10,
};

/** `bin more rsv1 unmasked op=3 bytes=8 length=200 deflated TEXT` */
function frameOf(rest: string): Frame {
  let { opcode, bits, isMasked } = { opcode: 2, bits: 0x80, isMasked: true };
  let sizes: { lengthBytes?: number; saidLength?: number } = {};
  let isDeflated = false;
  let text = rest;
  for (;;) {
    const [whole, word = "", value] = /^(\w+)(?:=(\d+))?(?: |$)/.exec(text) ??
      [];
    const isOption = word in OPCODES ||
      ["more", "rsv1", "rsv2", "rsv3", "unmasked", "deflated"].includes(word) ||
      value !== undefined && ["op", "bytes", "length"].includes(word);
    if (whole === undefined || !isOption) break;
    text = text.slice(whole.length);
    if (word in OPCODES) opcode = OPCODES[word]!;
    else if (word === "op") opcode = Number(value);
    else if (word === "more") bits &= 0x7f;
    else if (word === "unmasked") isMasked = false;
    else if (word === "deflated") isDeflated = true;
    else if (word === "bytes") sizes = { ...sizes, lengthBytes: Number(value) };
    else if (word === "length") sizes = { ...sizes, saidLength: Number(value) };
    else bits |= 0x80 >> Number(word.slice(3));
  }
  const plain = bytesOf(text);
  const payload = isDeflated
    ? deflateRawSync(plain, { finishFlush: 2 }).subarray(0, -4)
    : plain;
  if (isDeflated) bits |= 0x40;
  return { opcode, bits, isMasked, payload, ...sizes };
}

/** `client`, `stranger` or nobody's certificate, and versions such as `max=TLSv1.2`. */
function handshakeOf(rest: string, certificates: Certificates): Handshake {
  let handshake: Record<string, unknown> = {
    ca: certificates.authority.cert,
  };
  for (const word of rest.split(" ").filter((word) => word !== "")) {
    const [name = "", value = ""] = word.split("=");
    if (name === "max") handshake = { ...handshake, maxVersion: value };
    else if (name === "min") handshake = { ...handshake, minVersion: value };
    else if (name === "ciphers") handshake = { ...handshake, ciphers: value };
    else if (name === "name") handshake = { ...handshake, servername: value };
    else {
      const { cert, key } = certificates[name as keyof Certificates];
      handshake = { ...handshake, cert, key };
    }
  }
  return handshake;
}
