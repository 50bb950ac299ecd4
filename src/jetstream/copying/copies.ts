/** What a stream has of other streams: its mirror, or its sources, each with a link to its origin. */
import type { Stream } from "../stream/stream.ts";
import type { SourceConfig } from "../stream/stream_config.ts";
import { Mirroring } from "./mirroring.ts";
import type { CopyOwner } from "./origin_consumer.ts";
import { type LinkHost, OriginLink } from "./origin_link.ts";
import { Sourcing } from "./sourcing.ts";

/** What a copy stands on. */
export interface CopiesHost extends LinkHost {
  readonly account: string;
  readonly domain: string;
}

const NS_PER_MS = 1e6;
/** NATS JetStream: what was never heard. */
const NEVER = -1;

export class Copies {
  readonly #stream: Stream;
  readonly #host: CopiesHost;
  readonly #sourcing: Sourcing;
  /** By what was asked for. */
  #links = new Map<string, OriginLink>();

  constructor(stream: Stream, host: CopiesHost) {
    this.#stream = stream;
    this.#host = host;
    this.#sourcing = new Sourcing(stream);
    this.follow();
  }

  /** Copies what the stream's configuration says from now on, and nothing else. */
  follow(): void {
    const { mirror, sources = [] } = this.#stream.config;
    const wanted = mirror === undefined ? sources : [mirror];
    const links = new Map<string, OriginLink>();
    for (const source of wanted) {
      const key = JSON.stringify(source);
      links.set(key, this.#links.get(key) ?? this.#linkTo(source));
    }
    for (const [key, link] of this.#links) {
      if (!links.has(key)) link.leave();
    }
    this.#links = links;
  }

  /** What the API tells of it, behind what it tells of the stream. */
  told(): object {
    const { mirror, sources = [] } = this.#stream.config;
    if (mirror !== undefined) return { mirror: this.#toldOf(mirror) };
    if (sources.length === 0) return {};
    return { sources: sources.map((source) => this.#toldOf(source)) };
  }

  /** Whether a mirror has nearly all that its origin has. */
  get isCaughtUp(): boolean {
    return [...this.#links.values()].every((link) => link.isCaughtUp);
  }

  /** A stream called `name` has come into the account. */
  hasCome(name: string): void {
    for (const link of this.#links.values()) {
      const { source } = link;
      if (source.name === name && !source.external) link.hasCome();
    }
  }

  /** The server stops. */
  stop(): void {
    for (const link of this.#links.values()) link.stop();
  }

  /** The stream is gone. */
  leave(): void {
    for (const link of this.#links.values()) link.leave();
  }

  #toldOf(source: SourceConfig): object {
    const { name, external, filter_subject, subject_transforms } = source;
    const { lag = 0, silentMs, error } =
      this.#links.get(JSON.stringify(source)) ?? {};
    const isMirror = this.#stream.config.mirror !== undefined;
    const seq = isMirror ? 0 : this.#sourcing.placeOf(source).seq;
    // NATS JetStream: a mirror has its filter once its origin is asked.
    const hasFilter = !isMirror || silentMs !== undefined ||
      error !== undefined;
    return {
      name,
      ...(external && { external }),
      lag,
      ...(seq > 0 && { seq }),
      active: silentMs === undefined ? NEVER : Math.round(silentMs * NS_PER_MS),
      ...(error && { error }),
      ...(filter_subject && hasFilter && { filter_subject }),
      ...(subject_transforms && { subject_transforms }),
    };
  }

  #linkTo(source: SourceConfig): OriginLink {
    const { mirror, name } = this.#stream.config;
    const isMirror = mirror !== undefined;
    const owner: CopyOwner = {
      kind: isMirror ? "mirror" : "source",
      stream: name,
      account: this.#host.account,
      domain: this.#host.domain,
    };
    const refused: OriginLink["refused"] = (error) => link.refused(error);
    const copier = isMirror
      ? new Mirroring(this.#stream, source, refused)
      : this.#sourcing.copierOf(source, refused);
    const link = new OriginLink(source, owner, this.#host, copier);
    return link;
  }
}
