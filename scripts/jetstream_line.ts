/**
 * One connection that asks a server for JetStream's work and does hardly any
 * itself: it counts what comes by the letters with which messages begin.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { median } from "./benchmark.ts";

const STREAM = "BENCH";
const CONSUMER = "C";
const SUBJECT = "bench";
const LONG_NS = 60_000_000_000;

export class JetStreamLine {
  readonly #socket: Socket;
  /** The end of what came last, which may be the beginning of a message. */
  #tail = Buffer.alloc(0);
  #come = 0;
  #wanted = Infinity;
  #arrived: () => void = () => {};
  #onMessages: (count: number) => void = () => {};
  #text: string | undefined = undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#heard(data));
  }

  static async open(port: number): Promise<JetStreamLine> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    const line = new JetStreamLine(socket);
    const options = { verbose: false, headers: true, no_responders: true };
    socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB r 1\r\n`);
    return line;
  }

  async close(): Promise<void> {
    await this.#ask(`STREAM.DELETE.${STREAM}`, "", true);
    this.#socket.destroy();
  }

  /** Leaves the stream where it is. */
  leave(): void {
    this.#socket.destroy();
  }

  /** A fresh stream. */
  async stream(
    storage: "memory" | "file",
    subjects: readonly string[] = [SUBJECT],
  ): Promise<void> {
    await this.#ask(`STREAM.DELETE.${STREAM}`, "", true);
    const config = { name: STREAM, subjects, storage, allow_direct: true };
    await this.#ask(`STREAM.CREATE.${STREAM}`, JSON.stringify(config));
  }

  /** The same for keys. */
  async bucket(storage: "memory" | "file"): Promise<void> {
    await this.#ask(`STREAM.DELETE.${STREAM}`, "", true);
    const config = {
      name: STREAM,
      subjects: ["$KV.bucket.>"],
      storage,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      allow_direct: true,
      deny_delete: true,
      discard: "new",
    };
    await this.#ask(`STREAM.CREATE.${STREAM}`, JSON.stringify(config));
  }

  /** A fresh stream with `count` messages. */
  async filled(
    storage: "memory" | "file",
    count: number,
    size: number,
  ): Promise<void> {
    await this.stream(storage);
    await this.publish(count, size, 2000);
  }

  async consumer(config: object): Promise<void> {
    await this.#ask(
      `CONSUMER.CREATE.${STREAM}.${CONSUMER}`,
      JSON.stringify({
        stream_name: STREAM,
        config: {
          name: CONSUMER,
          durable_name: CONSUMER,
          ...config,
        },
      }),
    );
  }

  /** Publishes, with as many in flight, until all are acknowledged. */
  async publish(
    count: number,
    size: number,
    inFlight: number,
    subjects = 1,
  ): Promise<void> {
    const payload = `${size}\r\n${"x".repeat(size)}\r\n`;
    const line = `PUB ${SUBJECT} r ${payload}`;
    let sent = 0;
    const send = (more: number): void => {
      const now = Math.min(more, count - sent);
      if (subjects === 1) this.#socket.write(line.repeat(now));
      else {
        let text = "";
        for (let i = sent; i < sent + now; i++) {
          text += `PUB large.${i % subjects} r ${payload}`;
        }
        this.#socket.write(text);
      }
      sent += now;
    };
    const all = this.#messages(count);
    this.#onMessages = send;
    send(inFlight);
    await all;
    this.#onMessages = () => {};
  }

  async fetch(count: number, batch: number): Promise<void> {
    const body = JSON.stringify({ batch, expires: LONG_NS });
    for (let come = 0; come < count; come += batch) {
      const some = this.#messages(batch);
      this.#request(`CONSUMER.MSG.NEXT.${STREAM}.${CONSUMER}`, body);
      await some;
    }
  }

  /** The same for the first `count` of a stream; resolves when all of them are acknowledged. */
  async fetchAndAck(count: number, batch: number): Promise<void> {
    for (let come = 0; come < count; come += batch) {
      await this.fetch(batch, batch);
      let acks = "";
      for (let seq = come + 1; seq <= come + batch; seq++) {
        acks +=
          `PUB $JS.ACK.${STREAM}.${CONSUMER}.1.${seq}.${seq}.1.0 0\r\n\r\n`;
      }
      this.#socket.write(acks);
    }
    let info = "";
    while (!info.includes('"num_ack_pending":0')) {
      info = await this.#ask(`CONSUMER.INFO.${STREAM}.${CONSUMER}`, "");
    }
  }

  /** Listens on `to`; resolves when as many messages have come. */
  pushed(count: number): Promise<void> {
    const all = this.#messages(count);
    this.#socket.write("SUB to 2\r\n");
    return all;
  }

  /** Microseconds of one of `count` operations: the median. */
  async latency(
    count: number,
    operation: (i: number) => Promise<void>,
  ): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const begin = performance.now();
      await operation(i);
      times.push((performance.now() - begin) * 1000);
    }
    return median(times);
  }

  put(key: number): Promise<void> {
    const done = this.#messages(1);
    this.#socket.write(`PUB $KV.bucket.key${key} r 5\r\nvalue\r\n`);
    return done;
  }

  get(key: number): Promise<void> {
    const done = this.#messages(1);
    this.#request(`DIRECT.GET.${STREAM}.$KV.bucket.key${key}`, "");
    return done;
  }

  /** Messages of the stream. */
  async count(): Promise<number> {
    const text = await this.#ask(`STREAM.INFO.${STREAM}`, "");
    return Number(/"messages":(\d+)/.exec(text)?.[1]);
  }

  #request(subject: string, body: string): void {
    this.#socket.write(
      `PUB $JS.API.${subject} r ${body.length}\r\n${body}\r\n`,
    );
  }

  async #ask(
    subject: string,
    body: string,
    mayFail = false,
  ): Promise<string> {
    this.#text = "";
    const answer = this.#messages(1);
    this.#request(subject, body);
    await answer;
    // The end of an answer may come later than its beginning.
    while (!this.#text.trimEnd().endsWith("}")) {
      await once(this.#socket, "data");
    }
    const text = this.#text;
    this.#text = undefined;
    if (!mayFail && text.includes('"error"')) throw new Error(text);
    return text;
  }

  /** Resolves when as many more messages have come; some may have come already that nobody waited for. */
  #messages(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => {
      this.#arrived = resolve;
      this.#check();
    });
  }

  #heard(data: Buffer): void {
    if (this.#text !== undefined) this.#text += data.toString("latin1");
    const bytes = this.#tail.length === 0
      ? data
      : Buffer.concat([this.#tail, data]);
    let count = 0;
    let at = bytes.indexOf("MSG ");
    while (at >= 0) {
      count++;
      at = bytes.indexOf("MSG ", at + 4);
    }
    this.#tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 3)));
    this.#come += count;
    if (count > 0) this.#onMessages(count);
    this.#check();
  }

  #check(): void {
    if (this.#come < this.#wanted) return;
    this.#come -= this.#wanted;
    this.#wanted = Infinity;
    this.#arrived();
  }
}
