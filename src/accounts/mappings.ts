/**
 * An account's mappings: what clients publish on one subject is published on
 * another one instead. Of several sources that match a subject the most specific
 * counts: compared token by token from the left, a word goes before `*`, and `*`
 * before `>`. nats-server takes any of them.
 */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import {
  mappingTransform,
  SubjectTransform,
  tokenized,
} from "../core/subject_transform.ts";
import { isSubsetMatch } from "../core/subject.ts";
import {
  TransformError,
  withAccountHashes,
} from "../core/transform_function.ts";
import type { MappingOptions } from "../options/options.ts";
import { type Random, randomBelow } from "../platform/clock.ts";

/** What a mapping asks for with each message. */
export interface MappingChance {
  readonly random: Random;
  /** The cluster that the server is in now; empty: none. */
  readonly clusterName: () => string;
  /** Told of a mapping that makes no sense, and is left out. */
  readonly complain: (text: string) => void;
}

/** A subject that a message may get, for messages whose ticket is below `bound`. */
interface Destination {
  readonly transform: SubjectTransform;
  readonly bound: number;
}

interface WeightedTransform {
  readonly transform: SubjectTransform;
  readonly weight: number;
}

/** Tickets are drawn from 0 up to one below this. */
const TICKETS = 100;

/** NATS: a message that no destination is left for is published on no subject. */
const NO_SUBJECT: Uint8Array = new Uint8Array(0);

export class Mappings {
  readonly #mappings: readonly Mapping[];

  /** Of the account named `account`, a byte string. */
  constructor(
    list: readonly MappingOptions[],
    account: string,
    chance: MappingChance,
  ) {
    // A source that comes again replaces the one of before.
    const bySource = new Map<string, Mapping>();
    for (const options of list) {
      const mapping = mappingOf(options, account, chance);
      if (mapping !== undefined) bySource.set(options.source, mapping);
    }
    this.#mappings = [...bySource.values()]
      .sort((a, b) => bySpecificity(a.source, b.source));
  }

  /** What messages on `subject` get instead; undefined: nothing. */
  of(subject: string): MappedSubject | undefined {
    const mapping = this.#mappings.find(({ source }) =>
      isSubsetMatch(subject, source)
    );
    return mapping && new MappedSubject(subject, mapping);
  }
}

/** One subject that is mapped. Lives as long as what is known of the subject. */
export class MappedSubject {
  readonly #subject: string;
  readonly #mapping: Mapping;
  /** By transforms, for those that make the same of the subject each time. */
  readonly #made = new Map<SubjectTransform, Uint8Array>();

  constructor(subject: string, mapping: Mapping) {
    this.#subject = subject;
    this.#mapping = mapping;
  }

  /** The subject of the next message, as bytes that do not change; none if the message is to be lost. */
  next(): Uint8Array {
    const transform = this.#mapping.choose();
    if (transform === undefined) return NO_SUBJECT;
    const known = this.#made.get(transform);
    if (known !== undefined) return known;
    const { random } = this.#mapping.chance;
    const made = asciiBytes(transform.apply(this.#subject, random));
    if (!transform.isRandom) this.#made.set(transform, made);
    return made;
  }
}

/** Where the messages of one source go. */
class Mapping {
  readonly source: string;
  readonly chance: MappingChance;
  readonly #everywhere: readonly Destination[];
  readonly #byCluster: ReadonlyMap<string, readonly Destination[]>;

  constructor(
    { source, destinations }: MappingOptions,
    account: string,
    chance: MappingChance,
  ) {
    this.source = withAccountHashes(utf8ByteString(source), { own: account });
    this.chance = chance;
    const losesRest = destinations.some(({ subject }) => subject === source);
    const clusters = new Set(destinations.map(({ cluster }) => cluster));
    const weighted = destinations.map(({ subject, weight, cluster }) => ({
      transform: mappingTransform(
        this.source,
        utf8ByteString(subject),
        account,
      ),
      weight,
      cluster,
    }));
    const inCluster = (name: string) =>
      withBounds(
        weighted.filter(({ cluster }) => cluster === name),
        losesRest
          ? undefined
          : SubjectTransform.parse(this.source, tokenized(this.source)),
      );
    clusters.delete("");
    this.#everywhere = inCluster("");
    this.#byCluster = new Map(
      [...clusters].map((name) => [name, inCluster(name)]),
    );
  }

  /** Chooses for one message by the weights; undefined: it gets lost. */
  choose(): SubjectTransform | undefined {
    const { random, clusterName } = this.chance;
    const destinations = this.#byCluster.size === 0
      ? this.#everywhere
      : this.#byCluster.get(clusterName()) ?? this.#everywhere;
    const [first] = destinations;
    if (first?.bound === TICKETS) return first.transform;
    const ticket = randomBelow(random, TICKETS);
    return destinations.find(({ bound }) => ticket < bound)?.transform;
  }
}

/** Undefined, with a complaint, for a mapping that makes no sense: only a JWT brings one. */
function mappingOf(
  options: MappingOptions,
  account: string,
  chance: MappingChance,
): Mapping | undefined {
  try {
    return new Mapping(options, account, chance);
  } catch (error) {
    if (!(error instanceof TransformError)) throw error;
    const source = JSON.stringify(options.source);
    chance.complain(
      `Error adding subject mapping ${source} for account [${account}]: ${error.message}`,
    );
    return undefined;
  }
}

/**
 * The destinations from the lightest on. What their weights leave goes by the
 * transform `source` to where it was; without one it gets lost.
 */
function withBounds(
  destinations: readonly WeightedTransform[],
  source: SubjectTransform | undefined,
): readonly Destination[] {
  const weighted = [...destinations];
  const rest = TICKETS -
    destinations.reduce((sum, { weight }) => sum + weight, 0);
  if (rest > 0 && source !== undefined) {
    weighted.push({ transform: source, weight: rest });
  }
  weighted.sort((a, b) => a.weight - b.weight);
  let bound = 0;
  return weighted.map(({ transform, weight }) => {
    bound += weight;
    return { transform, bound };
  });
}

function bySpecificity(a: string, b: string): number {
  const [aTokens, bTokens] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.min(aTokens.length, bTokens.length); i++) {
    const difference = wildness(aTokens[i]!) - wildness(bTokens[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

function wildness(token: string): number {
  return token === ">" ? 2 : token === "*" ? 1 : 0;
}
