/**
 * Makes the rows of a block: `option` for a key whose value is its field,
 * `key` for one that sets its fields in another way, `block` for one with keys
 * of its own, and rows for keys that Midge only knows.
 */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import type { Steps } from "../../core/steps.ts";
import type { ServerOptions } from "../../options/options.ts";
import { notSupported, reportMissing, warnOfNoEffect } from "./complaints.ts";
import { findEntry, optionEntries } from "./entries.ts";
import { checkShape, type MapShape } from "./missing_shapes.ts";
import type { Reader } from "./readers.ts";
import type {
  BlockFacts,
  ConfigKey,
  FlagSection,
  GoFields,
  KeyFlag,
  Names,
  RefusedValue,
  Reload,
  ReloadedText,
  Unit,
} from "./schema.ts";

/** A flag that sets the field of its row, read as the row's reader reads flags. */
export interface FieldFlag {
  readonly section: FlagSection;
  readonly names: Names;
  /** What help calls its value. */
  readonly value?: string;
}

interface RowFacts {
  readonly names: Names;
  readonly text: string;
  readonly reload: Reload;
  readonly unit?: Unit;
  readonly isForProcess?: boolean;
  readonly goField?: string | GoFields;
  readonly reloaded?: string | ReloadedText;
  readonly fixedFields?: Readonly<Record<string, string>>;
  readonly refuses?: RefusedValue;
  readonly comesAndGoes?: boolean;
  readonly isAlwaysReloaded?: boolean;
}

/** A key whose value becomes the value of a field. */
export interface OptionRow<Options, Field extends keyof Options & string>
  extends RowFacts {
  readonly field: Field;
  readonly isPresenceFixed?: boolean;
  readonly reader: Reader<Exclude<Options[Field], undefined>>;
  readonly default?: Options[Field];
  readonly isRequired?: boolean;
  readonly inner?: BlockFacts;
  readonly flags?: readonly (FieldFlag | KeyFlag)[];
}

/**
 * A key whose value is more, or less, than a field. More than a dozen members:
 * because a key has that many properties, and all but one of them are data.
 */
export interface SettingRow<Options, Value> extends RowFacts {
  readonly reader: Reader<Value>;
  set(options: Options, value: Value): void;
  readonly field?: keyof Options & string;
  readonly sets?: readonly (keyof Options & string)[];
  readonly inner?: BlockFacts;
  /** The type of the field, where it is not that of the value. */
  readonly type?: string;
  readonly default?: unknown;
  readonly flags?: readonly KeyFlag[];
}

/**
 * A key whose value is a map with keys of its own. More than a dozen members:
 * because a key has that many properties, and all but two of them are data.
 */
export interface BlockRow<Options, Field extends keyof Options & string>
  extends RowFacts {
  readonly field: Field;
  readonly block: BlockFacts;
  /** As a program writes it, where that is not the block's type. */
  readonly written?: string;
  read(entry: ConfigEntry, report: Report): Options[Field];
  /** As `read`, in steps, for a block that may be long. */
  readInSteps?(entry: ConfigEntry, report: Report): Steps<Options[Field]>;
}

/** Makers of rows that set `Options`. */
export interface RowMakers<Options> {
  option<Field extends keyof Options & string>(
    row: OptionRow<Options, Field>,
  ): ConfigKey<Options>;
  key<Value>(row: SettingRow<Options, Value>): ConfigKey<Options>;
  block<Field extends keyof Options & string>(
    row: BlockRow<Options, Field>,
  ): ConfigKey<Options>;
}

/** Makers of rows for a block; `blockOf` finds or makes it for a flag to write to. */
export function rowsOf<Options>(
  blockOf: (options: ServerOptions) => Options = noBlock,
): RowMakers<Options> {
  return {
    option: (row) => optionRow(row, blockOf),
    key: settingRow,
    block: blockRow,
  };
}

function noBlock(): never {
  throw new TypeError("No flag sets an option of this block");
}

function optionRow<Options, Field extends keyof Options & string>(
  row: OptionRow<Options, Field>,
  blockOf: (options: ServerOptions) => Options,
): ConfigKey<Options> {
  const { reader, field, flags = [] } = row;
  return {
    ...factsOf(reader),
    ...row,
    state: "works",
    flags: flags.map((flag) =>
      "apply" in flag ? flag : fieldFlag(flag, row, blockOf)
    ),
    apply(options, entry, report) {
      const value = reader.read(entry, report);
      if (value !== undefined) options[field] = value;
    },
    ...(reader.readInSteps !== undefined && {
      *applyInSteps(options, entry, report) {
        const value = yield* reader.readInSteps!(entry, report);
        if (value !== undefined) options[field] = value;
      },
    }),
  };
}

function fieldFlag<Options, Field extends keyof Options & string>(
  flag: FieldFlag,
  { field, reader }: OptionRow<Options, Field>,
  blockOf: (options: ServerOptions) => Options,
): KeyFlag {
  const { flag: form } = reader;
  const [name] = flag.names;
  if (form === undefined) throw new TypeError(`No flag can set "${field}"`);
  return {
    ...flag,
    type: form.type,
    apply(options, value) {
      const read = form.read(value, name);
      blockOf(options)[field] = read;
    },
  };
}

function settingRow<Options, Value>(
  row: SettingRow<Options, Value>,
): ConfigKey<Options> {
  const { reader, flags = [] } = row;
  return {
    ...factsOf(reader),
    ...row,
    flags,
    state: "works",
    apply(options, entry, report) {
      const value = reader.read(entry, report);
      if (value !== undefined) row.set(options, value);
    },
  };
}

type ReaderFacts =
  & Pick<Reader<unknown>, "kind" | "type" | "written">
  & Partial<Pick<Reader<unknown>, "unit" | "port">>;

function factsOf(reader: Reader<unknown>): ReaderFacts {
  const { kind, type, written, unit, port } = reader;
  return {
    kind,
    type,
    written,
    ...(unit !== undefined && { unit }),
    ...(port !== undefined && { port }),
  };
}

// Other than a value, a block that says nothing replaces an earlier one.
function blockRow<Options, Field extends keyof Options & string>(
  row: BlockRow<Options, Field>,
): ConfigKey<Options> {
  const { field, block: { types } } = row;
  return {
    kind: "map",
    type: types.options,
    written: types.config,
    default: undefined,
    ...row,
    flags: [],
    state: "works",
    apply(options, entry, report) {
      options[field] = row.read(entry, report);
    },
    ...(row.readInSteps !== undefined && {
      *applyInSteps(options, entry, report) {
        options[field] = yield* row.readInSteps!(entry, report);
      },
    }),
  };
}

/**
 * A key that sets nothing: its value is only looked at. More than a dozen
 * members: because a key has that many properties, and all but one of them are data.
 */
export interface CheckedRow extends RowFacts {
  readonly kind: string;
  readonly written: string;
  check(entry: ConfigEntry, report: Report): void;
}

/** A row whose value is looked at and then forgotten. */
export function checkedRow(row: CheckedRow): ConfigKey<unknown> {
  return {
    ...row,
    type: "never",
    flags: [],
    state: "works",
    apply: (_, entry, report) => row.check(entry, report),
  };
}

/** A feature of nats-server. */
export interface Feature {
  /** What it is, behind "Midge has no". */
  readonly name: string;
  /** What the value may be; any value unless set. */
  readonly shape?: MapShape;
  /** A map turns it on, whatever is in it, unless it says that it is not enabled. */
  readonly isOnByMap?: true;
}

/** A key for a feature that Midge has not: the value is checked, and the server does without. */
export function missing(
  names: Names,
  feature: Feature,
  reload: Reload,
): ConfigKey<unknown> {
  return {
    ...idleFacts(names, reload),
    state: "missing",
    text: `Midge has no ${feature.name} yet.`,
    apply(_, entry, report) {
      const { value } = entry;
      const isOn = feature.isOnByMap && value.kind === "map" &&
        findEntry(value, "enabled", "enable") === undefined;
      if (!isOn && turnsOff(value)) {
        return warnOfNoEffect(entry, "it is off", report);
      }
      if (feature.shape !== undefined) {
        checkShape(entry, feature.shape, report);
      }
      reportMissing(entry, feature.name, report);
    },
  };
}

/**
 * A key that Midge refuses, except where it turns something off: a server that
 * does without would let in more, or tell more, than its configuration says.
 */
export function refused(
  names: Names,
  because: string,
  reload: Reload,
  shape?: MapShape,
): ConfigKey<unknown> {
  return {
    ...idleFacts(names, reload),
    state: "refused",
    text: because,
    apply(_, entry, report) {
      if (turnsOff(entry.value)) {
        return warnOfNoEffect(entry, "it is off", report);
      }
      if (shape !== undefined) checkShape(entry, shape, report);
      report.error(entry.at, notSupported(entry));
    },
  };
}

/** A key that has nothing to act on in Midge; its value is not looked at. */
export function withoutEffect(
  names: Names,
  because: string,
  reload: Reload,
): ConfigKey<unknown> {
  return {
    ...idleFacts(names, reload),
    state: "no effect",
    text: because,
    apply: (_, entry, report) => warnOfNoEffect(entry, because, report),
  };
}

function idleFacts(
  names: Names,
  reload: Reload,
): Pick<
  ConfigKey<unknown>,
  "names" | "reload" | "kind" | "type" | "written" | "flags"
> {
  return {
    names,
    reload,
    kind: "any",
    type: "never",
    written: "never",
    flags: [],
  };
}

/** True for `false`, 0, what is empty, and a map that says it is not enabled or listens nowhere. */
function turnsOff(value: ConfigValue): boolean {
  if (value.kind === "map") return mapTurnsOff(value);
  if (value.kind === "array") return value.items.length === 0;
  if (value.kind === "string") return /^(off|disabled?)?$/i.test(value.value);
  return value.kind !== "date" && !value.value;
}

function mapTurnsOff(map: ConfigMap): boolean {
  const enabled = findEntry(map, "enabled", "enable")?.value;
  if (enabled !== undefined) return turnsOff(enabled);
  const port = findEntry(map, "port")?.value;
  if (port === undefined) return optionEntries(map).length === 0;
  const dialled = findEntry(map, "remotes", "gateways")?.value;
  return turnsOff(port) && (dialled === undefined || turnsOff(dialled));
}
