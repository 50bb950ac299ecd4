/**
 * What comes from the peer: chunks of the socket into the parser, a turn at a
 * time. Several things may hold it, each for reasons of its own: a login under
 * way, a slow consumer. And a chunk that is worth more than one turn is cut
 * where the budget ends. Nothing is lost meanwhile: what was read waits here,
 * the socket is paused, and its end is heard behind what it brought before.
 */
import type { WorkMeter } from "../../core/work_meter.ts";
import type { CloseReason, Socket } from "../../platform/socket.ts";
import type { OpHandler } from "../../wire/ops.ts";
import { Parser } from "../../wire/parser.ts";
import type { LoopRounds } from "./loop_rounds.ts";
import type { TurnEnd } from "./turn.ts";

/**
 * Bytes that are read behind a login under way. They wait, but so the end of a
 * peer is noticed that does not wait for the verdict.
 */
const HEARD_BYTES_MAX = 8192;

/** The connection that reads. */
export interface InputOwner {
  readonly closed: boolean;
  beginTurn(): void;
  endTurn(how: TurnEnd): void;
  /** What the parser, or the meaning of an operation, threw. */
  parseFailed(error: unknown): void;
  /** The socket has ended, and all that it brought is handled. */
  socketEnded(reason: CloseReason): void;
}

export interface InputSettings {
  readonly maxControlLineBytes: number;
  readonly meter: WorkMeter;
  readonly rounds: LoopRounds;
}

/**
 * Chunks up to this size are little work: they are handled though the round is
 * full, all but those of peers that come or have to log in, which may be thousands.
 */
const SHORT_BYTES = 512;

/** Most connections never have anything wait: those share this. */
const NOTHING: Uint8Array[] = [];

export class Input {
  readonly #owner: InputOwner;
  readonly #socket: Socket;
  readonly #parser: Parser;
  readonly #rounds: LoopRounds;
  /** What was read and is not parsed yet. */
  #backlog: Uint8Array[] = NOTHING;
  /** Nothing has come yet. */
  #isNew = true;
  /** The peer has not logged in, and has to: there may be thousands that guess. */
  isStranger = false;
  #holds = 0;
  /** Times that something kept it from being read. */
  holdCount = 0;
  /** It is held by a login under way. */
  #awaitsVerdict = false;
  /** A chunk is handled; what is behind it is seen to afterwards. */
  #isParsing = false;
  /** The rest of a chunk goes on in the next turn of the event loop. */
  #goesOnSoon = false;
  /** Made for the first of them. */
  #whenItsTurn: (() => void) | undefined = undefined;
  /** The chunk under way was cut by the budget. */
  #isCut = false;
  #isPaused = false;
  #ended: CloseReason | undefined = undefined;

  constructor(
    owner: InputOwner,
    socket: Socket,
    handler: OpHandler,
    { maxControlLineBytes, meter, rounds }: InputSettings,
  ) {
    this.#owner = owner;
    this.#socket = socket;
    this.#parser = new Parser(handler, { maxControlLineBytes, meter });
    this.#rounds = rounds;
  }

  /** Longer or shorter lines are taken from now on. */
  reconfigure(
    { maxControlLineBytes }: Pick<InputSettings, "maxControlLineBytes">,
  ): void {
    this.#parser.maxControlLineBytes = maxControlLineBytes;
  }

  /** Something keeps it from being read. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** A chunk came in; it is borrowed. */
  take(chunk: Uint8Array): void {
    const mayWait = this.#rounds.isFull &&
      (chunk.length > SHORT_BYTES || this.#isNew || this.isStranger);
    this.#isNew = false;
    if (this.#isWaiting()) {
      this.#ownBacklog.push(new Uint8Array(chunk));
      if (!this.#hearsOn(this.#backlogBytes)) this.#pause();
    } else if (mayWait) {
      // A socket that is paused lends its last chunk until it is resumed.
      this.#pause();
      this.#ownBacklog.push(chunk);
      this.#goOnSoon();
    } else this.#handle(chunk);
  }

  /** The socket has ended; what it brought before comes first, if it is of use without it. */
  end(reason: CloseReason): void {
    const isOver = this.#backlog.length === 0 ||
      this.#awaitsVerdict && !this.#bringsMessages;
    if (!isOver) this.#ended = reason;
    else this.#rounds.admit(() => this.#owner.socketEnded(reason));
  }

  /** Nothing is parsed behind the operation under way. Each call wants one of `letGo`. */
  hold(): void {
    this.#holds++;
    this.holdCount++;
    this.#parser.suspend();
    this.#pause();
  }

  /** As `hold`, for a login: the end of the peer is heard meanwhile. Wants one `verdictCame`. */
  awaitVerdict(): void {
    this.#awaitsVerdict = true;
    this.#holds++;
    this.holdCount++;
    this.#parser.suspend();
  }

  verdictCame(): void {
    this.#awaitsVerdict = false;
    this.letGo();
  }

  letGo(): void {
    if (--this.#holds > 0 || this.#owner.closed) return;
    this.#parser.resume();
    if (!this.#isParsing) this.#goOnOrResume();
  }

  /** No operation is handed over any more. */
  stop(): void {
    this.#parser.stop();
    this.#backlog = NOTHING;
  }

  get #ownBacklog(): Uint8Array[] {
    if (this.#backlog === NOTHING) this.#backlog = [];
    return this.#backlog;
  }

  get #backlogBytes(): number {
    return this.#backlog.reduce((sum, { length }) => sum + length, 0);
  }

  /** What waits publishes: PUB and HPUB mean something to others. */
  get #bringsMessages(): boolean {
    const latin1 = new TextDecoder("latin1");
    const text = this.#backlog.map((chunk) => latin1.decode(chunk)).join("");
    return /pub/i.test(text);
  }

  // No getter: V8 would call its runtime for a private one, twice for a chunk.
  #isWaiting(): boolean {
    return this.#holds > 0 || this.#goesOnSoon;
  }

  #handle(chunk: Uint8Array): void {
    this.#isParsing = true;
    this.#parse(chunk);
    this.#isParsing = false;
    if (this.#owner.closed) return;
    if (!this.#isWaiting()) this.#goOnOrResume();
    else if (this.#holds === 1 && this.#hearsOn(this.#backlogBytes)) {
      // The chunk had waited for its round.
      this.#unpause();
    }
  }

  #parse(chunk: Uint8Array): void {
    const owner = this.#owner;
    owner.beginTurn();
    let used = chunk.length;
    try {
      used = this.#parser.parse(chunk);
    } catch (error) {
      owner.parseFailed(error);
    }
    if (used === chunk.length || owner.closed) return this.#endTurn();
    this.#keep(chunk.subarray(used));
    // Behind the end of the turn a slow consumer may hold it, too.
    if (this.#holds > 0) return this.#endTurn();
    this.#isCut = true;
    this.#goOnSoon();
    owner.endTurn("unfinished");
  }

  /** What a paused socket has handed over stays as it is. */
  #keep(rest: Uint8Array): void {
    if (this.#hearsOn(rest.length)) {
      this.#ownBacklog.unshift(new Uint8Array(rest));
    } else {
      this.#pause();
      this.#ownBacklog.unshift(rest);
    }
  }

  #endTurn(): void {
    const how = this.#isCut ? "finished" : "whole";
    this.#isCut = false;
    this.#owner.endTurn(how);
  }

  #goOnSoon(): void {
    if (this.#goesOnSoon) return;
    this.#goesOnSoon = true;
    this.#rounds.enter(this.#whenItsTurn ??= () => this.#goOn());
  }

  /** The next chunk of the backlog, or what is left of one, in a turn of its own. */
  #goOn(): void {
    this.#goesOnSoon = false;
    if (this.#owner.closed || this.#holds > 0) return;
    const chunk = this.#backlog.shift();
    if (chunk !== undefined) this.#handle(chunk);
  }

  #goOnOrResume(): void {
    if (this.#backlog.length > 0) this.#goOnSoon();
    else this.#resume();
  }

  /** Behind a login under way a little is read on, to hear of the end. */
  #hearsOn(waitingBytes: number): boolean {
    return this.#awaitsVerdict && waitingBytes <= HEARD_BYTES_MAX;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #unpause(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** All is handled that came so far. */
  #resume(): void {
    this.#unpause();
    if (this.#ended !== undefined) this.#owner.socketEnded(this.#ended);
  }
}
