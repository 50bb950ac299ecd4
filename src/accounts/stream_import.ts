/**
 * A stream of another account that subscriptions here hear as well: each one
 * that overlaps it has a shadow there, which hands on what it hears under the
 * subject that it has here.
 */
import { byteString } from "../core/ascii.ts";
import {
  isSubsetMatch,
  subjectMatches,
  subjectsCollide,
  subjectsMeet,
} from "../core/subject.ts";
import type { SubjectTransform } from "../core/subject_transform.ts";
import {
  asOnWire,
  localPattern,
  streamTransform,
} from "../options/import_rules.ts";
import type { StreamImport } from "../options/options.ts";
import { Message, subjectOf } from "../wire/message.ts";
import { copyParts, setSubject } from "../wire/rewrite.ts";
import type { Account, ImportedInterest } from "./account.ts";
import {
  findTarget,
  type ImportHost,
  type ImportLink,
  type ImportTarget,
  isOpen,
} from "./import_host.ts";
import {
  type DirectReceiver,
  type Following,
  Interest,
  type MessageSource,
} from "./interest.ts";
import { Kind, kindBit } from "./reach.ts";
import { Translation } from "./translation.ts";

/** Whose subscriptions hear imports, besides those that say so themselves. */
const HEARERS = kindBit(Kind.CLIENT) | kindBit(Kind.LEAF);

export class StreamLink implements ImportLink {
  readonly options: StreamImport;
  /** A wildcard that is used twice lets more through than a subscription wants. */
  readonly mayStray: boolean;
  readonly #importer: Account;
  readonly #host: ImportHost;
  /** The subject there. */
  readonly #subject: string;
  /** The subject here. */
  readonly #pattern: string;
  /** To the subject here. */
  readonly #translation: Translation;
  readonly #back: SubjectTransform | undefined;
  /** By the subscriptions here. */
  readonly #shadows = new Map<Interest, Interest>();
  /** Null until it is needed. */
  #target: ImportTarget | undefined | null = null;

  /** Throws a `TransformError`. */
  constructor(options: StreamImport, importer: Account, host: ImportHost) {
    const onWire = asOnWire(options);
    const transform = streamTransform(onWire);
    this.options = options;
    this.#importer = importer;
    this.#host = host;
    this.#subject = onWire.subject;
    this.#pattern = localPattern(onWire);
    this.#translation = new Translation(transform, onWire.local, host.random);
    this.#back = transform?.inverse();
    this.mayStray = starsIn(this.#pattern) > starsIn(this.#subject);
    this.#addAll();
  }

  /** A subscription comes here. */
  adding(interest: Interest): void {
    const hears = (interest.kindBit & HEARERS) !== 0 ||
      interest.direct?.hearsImports === true;
    if (!hears) return;
    if (!subjectsCollide(this.#pattern, interest.subject)) return;
    if (this.#target === null) this.#target = this.#findTarget();
    if (this.#target === undefined) return;
    const shadow = Interest.direct(
      new Shadow(this, interest),
      this.#subjectThere(interest.subject),
      interest.queue,
      "",
    );
    this.#shadows.set(interest, shadow);
    this.#target.exporter.insert(shadow);
  }

  /** What a subscription here hears there, if anything. */
  importedBy(interest: Interest): ImportedInterest[] {
    const shadow = this.#shadows.get(interest);
    const account = this.#target?.exporter.name;
    if (shadow === undefined || account === undefined) return [];
    return [{ account, subject: shadow.subject }];
  }

  /** A subscription here has ended. */
  removed(interest: Interest): void {
    const shadow = this.#shadows.get(interest);
    if (shadow === undefined) return;
    this.#shadows.delete(interest);
    this.#target?.exporter.remove(shadow);
  }

  refresh(): void {
    if (this.#target === null) return;
    const target = this.#findTarget();
    const isOther = target?.exporter !== this.#target?.exporter;
    if (isOther) this.end();
    this.#target = target;
    if (isOther) this.#addAll();
  }

  end(): void {
    for (const shadow of this.#shadows.values()) {
      this.#target?.exporter.remove(shadow);
    }
    this.#shadows.clear();
  }

  get importerName(): string {
    return this.#importer.name;
  }

  get isOpen(): boolean {
    return !!this.#target && isOpen(this.#target, this.#host.clock);
  }

  /** The subject here of a message there. */
  subjectHere(message: Message): Uint8Array {
    return this.#translation.of(message);
  }

  /** Subscriptions that were here before the import. */
  #addAll(): void {
    if (this.#importer.sublist.size === 0) return;
    for (const interest of [...this.#importer.sublist]) {
      // What is heard here for another account is not imported on.
      if (!(interest.direct instanceof Shadow)) this.adding(interest);
    }
  }

  #findTarget(): ImportTarget | undefined {
    return findTarget(this.options, this.#importer, this.#host);
  }

  /** What a subscription to `subject` here hears there. */
  #subjectThere(subject: string): string {
    const back = this.#back;
    if (back === undefined || isSubsetMatch(this.#pattern, subject)) {
      return this.#subject;
    }
    return back.apply(subjectsMeet(this.#pattern, subject), this.#host.random);
  }
}

/** The ear of one subscription in the exporting account. */
class Shadow implements DirectReceiver {
  readonly isElsewhere = true;
  readonly kind: Kind;
  readonly #link: StreamLink;
  readonly #original: Interest;
  readonly #receiver: DirectReceiver;

  constructor(link: StreamLink, original: Interest) {
    const receiver = original.direct!;
    this.#link = link;
    this.#original = original;
    this.#receiver = receiver;
    this.kind = receiver.kind;
  }

  takes(publisher: MessageSource | undefined): boolean {
    return !this.#original.hasEnded && this.#link.isOpen &&
      this.#receiver.takes(publisher);
  }

  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    const copy = this.#copyHere(message);
    if (copy === undefined) return false;
    interest.delivered++;
    return this.#receiver.deliver(this.#original, copy, publisher);
  }

  followed(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
    following: Following,
  ): boolean {
    const copy = this.#copyHere(message);
    if (copy === undefined) return false;
    const { trace } = following;
    trace.streamExport(this.#link.importerName, subjectOf(copy));
    interest.delivered++;
    const receiver = this.#receiver;
    const original = this.#original;
    if (this.#link.options.allowTrace && receiver.followed !== undefined) {
      return receiver.followed(original, copy, publisher, following);
    }
    return !trace.isOnly && receiver.deliver(original, copy, publisher);
  }

  /** `message` under the subject that it has here; undefined where it is not for this subscription. */
  #copyHere(message: Message): Message | undefined {
    const original = this.#original;
    // It may have had its last message by another way since the delivery began.
    if (original.hasEnded || !this.#link.isOpen) return undefined;
    const { publishedOn } = message;
    const subject = this.#link.subjectHere(
      publishedOn === undefined ? message : onSubject(message, publishedOn),
    );
    if (this.#link.mayStray) {
      const here = byteString(subject, 0, subject.length);
      if (!subjectMatches(original.subject, here)) return undefined;
    }
    if (publishedOn === undefined) return onSubject(message, subject);
    // What it shows is no subject of either account.
    const copy = new Message();
    copyParts(message, copy);
    copy.publishedOn = subject;
    return copy;
  }
}

function onSubject(message: Message, subject: Uint8Array): Message {
  const copy = new Message();
  copyParts(message, copy);
  setSubject(copy, subject);
  return copy;
}

function starsIn(pattern: string): number {
  return pattern.split(".").filter((token) => token === "*").length;
}
