/**
 * What a row of the configuration is. A row is one key with all that Midge
 * knows of it; types, defaults, flags, help and reference are made from the
 * rows, and nothing of a key is written anywhere else. To add a key:
 *
 * 1. Write its row into the file of its block, `*_keys.ts` in this folder:
 *    names, field, reader, default, text, flags, and what a reload does.
 * 2. Take a reader of `readers.ts`, or write one beside the row; what spans
 *    several keys is checked in `server_options.ts`.
 * 3. Run `scripts/make_options.ts`: it writes the types and defaults of
 *    `src/options`. The compiler then holds the row's reader against them.
 * 4. Run `scripts/make_reference.ts`: it writes the page of all keys.
 * 5. Say in `tests/config/options_test.ts` what the key's values become.
 *
 * A block of its own is a `Block` with the list of its rows, a row of the
 * block around it, and a line in `blocks.ts`.
 */
import type { FlagDefinition, FlagValue } from "../flags/flags.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type { Steps } from "../../core/steps.ts";
import type { ServerOptions } from "../../options/options.ts";

/** A name, and others that mean the same. */
export type Names = readonly [string, ...string[]];

/** What a change of the key needs: it holds at once, for connections to come, or after a restart. */
export type Reload = "now" | "new connections" | "restart";

/** Keys that Midge only knows do nothing, since there is nothing to do or since Midge lacks it, or are refused. */
export type KeyState = "works" | "no effect" | "missing" | "refused";

/** How the default of a number is shown: as a duration, as a size, or as the mode of a file. */
export type Unit = "ms" | "bytes" | "mode";

/** Where a value holds a port, for which files and programs write "any" in different ways. */
export type PortForm = "port" | "address";

/** Where help shows a flag. */
export type FlagSection =
  | "Server"
  | "Logging"
  | "Authorization"
  | "TLS"
  | "Cluster"
  | "Discovery"
  | "Common"
  | "Not supported yet";

/** A flag of the server, and the option that it sets. */
export interface ServerFlag extends FlagDefinition {
  readonly section: FlagSection;
  /** Its value may be a secret, and may stand in a variable or a file. */
  readonly isSecret?: true;
  /** Sets its option; throws FlagError when the value makes no sense. */
  apply(options: ServerOptions, value: FlagValue): void;
}

/** A flag of a key: where it has no `doc` of its own, the key's text explains it. */
export type KeyFlag =
  & Omit<ServerFlag, "doc">
  & Partial<Pick<ServerFlag, "doc">>;

/** An option, whether or not a key of the file sets it. */
export interface OptionFacts {
  /** The option's field; a key that only checks something has none. */
  readonly field?: string;
  /** The TypeScript type of the field. */
  readonly type: string;
  /** The value of the field that nobody sets; a field without one is left out. */
  readonly default?: unknown;
  /** Neither the option nor the key can be left out. */
  readonly isRequired?: boolean;
  readonly unit?: Unit;
  /** What it is for: one sentence, for help, reference and types. Says -1 for any free port. */
  readonly text: string;
  readonly reload: Reload;
  /**
   * What nats-server calls it where a reload is refused: its field's name with a
   * capital unless set, or several fields with a value each.
   */
  readonly goField?: string | GoFields;
  /** Fields of its value that cannot change, with what nats-server calls them. */
  readonly fixedFields?: Readonly<Record<string, string>>;
  /** Whatever it may become, it cannot come or go. */
  readonly isPresenceFixed?: boolean;
  /** As a whole it can come and go, though some of its keys cannot change. */
  readonly comesAndGoes?: boolean;
  /** What nats-server says in place of that name and the two values. */
  readonly refusal?: string;
  /** What nats-server says of values that cannot follow one another, while others can. */
  readonly refuses?: RefusedValue;
  /**
   * How the log tells that its value was replaced: `Reloaded: key = value` unless
   * set, and not at all for an empty text.
   */
  readonly reloaded?: string | ReloadedText;
  /** nats-server replaces and tells it in every reload, whether or not it changed. */
  readonly isAlwaysReloaded?: boolean;
  /** What its value, which is a map, consists of. */
  readonly block?: BlockFacts;
}

/** The fields of nats-server that a value stands for. */
export type GoFields = (
  value: never,
  options: ServerOptions,
) => Readonly<Record<string, unknown>>;

/** What nats-server says of a new value that it does not take; undefined: it does. */
export type RefusedValue = (value: never, before: never) => string | undefined;

/** A line of the log about a new value. */
export type ReloadedText = (value: never, before: never) => string | string[];

/** A key of the configuration: all that is known of it, but how it is read. */
export interface KeyFacts extends OptionFacts {
  /** The key and its aliases, in lower case. */
  readonly names: Names;
  /** What kind of value it takes, for people. */
  readonly kind: string;
  /** The TypeScript type of the value as a program writes it. */
  readonly written: string;
  /** Fields that the key sets together; their defaults are shown as that of the key. */
  readonly sets?: readonly string[];
  readonly flags: readonly KeyFlag[];
  readonly state: KeyState;
  /** Only for `midge server`, which owns its process; a server in a program has no use for it. */
  readonly isForProcess?: boolean;
  readonly port?: PortForm;
  /** The keys of its value, or of each value in it, where the option is not a field for each key. */
  readonly inner?: BlockFacts;
}

/**
 * A key of the configuration. More than a dozen members: because a key has
 * that many properties, and all but two of them are data.
 */
export interface ConfigKey<Target> extends KeyFacts {
  /** Reads the value into `target`; what is wrong with it goes to `report`. */
  apply(target: Target, entry: ConfigEntry, report: Report): void;
  /** As `apply`, in steps, where the value may be long. */
  applyInSteps?(
    target: Target,
    entry: ConfigEntry,
    report: Report,
  ): Steps<void>;
}

/** The names under which a block's types are known, and what they say. */
export interface BlockTypes {
  /** The type of the options, as the broker reads them. */
  readonly options: string;
  readonly optionsText: string;
  /** That type is written by hand, and not made of the rows. */
  readonly isByHand?: true;
  /** The type of the block as a program writes it. */
  readonly config: string;
  /** May have several lines. */
  readonly configText: string;
}

/** A key that only programs write. */
export interface ProgramKey {
  readonly name: string;
  readonly written: string;
  readonly text: string;
}

/** Keys that stand together, in one map of the configuration. */
export interface BlockFacts {
  /** What the reference calls the place; "the top level" for the outermost. */
  readonly place: string;
  readonly types: BlockTypes;
  readonly keys: readonly KeyFacts[];
  /** Options that no key sets. */
  readonly others?: readonly OptionFacts[];
  readonly programKeys?: readonly ProgramKey[];
}

/** A block whose keys can be read. */
export interface Block<Target> extends BlockFacts {
  readonly keys: readonly ConfigKey<Target>[];
  /** The error for a key that is none of the block's; `name` is in quotes. */
  unknownField?(name: string): string;
}

/** Options while they are read. */
export type Writable<Options> = {
  -readonly [Field in keyof Options]: Options[Field];
};

/** What was read, and where it stands, for checks that need all the others. */
export interface Placed<Value> {
  readonly value: Value;
  readonly at: Position;
}
