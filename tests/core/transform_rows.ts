/**
 * What transforms make of subjects, and what is said of those that make no
 * sense: read by the test of transforms, and given to nats-server to compare.
 */

/** A source, a destination, and subjects with what becomes of them. */
export interface TransformRow {
  readonly source: string;
  readonly destination: string;
  readonly made: Readonly<Record<string, string>>;
}

function row(
  source: string,
  destination: string,
  made: Readonly<Record<string, string>>,
): TransformRow {
  return { source, destination, made };
}

const SIX = "s.abcdef";

export const transformRows: readonly TransformRow[] = [
  row("a", "b", { a: "b" }),
  row("a", "b.c.d", { a: "b.c.d" }),
  row("h.*.>", "i.$1.>", { "h.a.b": "i.a.b", "h.a.b.c": "i.a.b.c" }),
  row("f.>", "g.>", { "f.a": "g.a", "f.a.b": "g.a.b" }),
  row(">", "p.>", { a: "p.a", "a.b": "p.a.b" }),
  row("a.>", ">", { "a.b": "b", "a.b.c": "b.c" }),
  row("s.*.*", "$2.x.$1", { "s.a.b": "b.x.a" }),
  row("s.*.*", "$2.$2", { "s.a.b": "b.b" }),
  row("s.*", "t", { "s.a": "t" }),
  row("*", "$1.$1", { a: "a.a" }),
  row("s.*", "x.{{wildcard(1)}}", { "s.a": "x.a" }),
  row("s.*", "{{ Wildcard ( 1 ) }}", { "s.a": "a" }),
  row("s.*", "{{{wildcard(1)}}}", { "s.a": "a" }),
  row("a.*", "x.$0", { "a.b": "x.a" }),
  row("a.*", "x.$-1", { "a.b": "x.a" }),
  row("a.*", "x.$+1", { "a.b": "x.b" }),
  row("a.*", "x.{{wildcard(0)}}", { "a.b": "x.a" }),
  row("a", "x.{{partition(10)}}", { a: "x.1" }),
  row("a", "x.{{partition(10,1)}}", { a: "x.1" }),
  row("pa.*.*", "x.{{partition(10)}}", { "pa.a.b": "x.1", "pa.b.a": "x.7" }),
  row("pa.*.*", "x.{{partition(10,1,2)}}", {
    "pa.a.b": "x.6",
    "pa.b.a": "x.8",
  }),
  row("pa.*.*", "x.{{ Partition( 10 , 2 ) }}", {
    "pa.a.b": "x.7",
    "pa.b.a": "x.0",
  }),
  row("pa.*.*", "x.{{partition(10,0)}}", { "pa.a.b": "x.4" }),
  row("pa.*.*", "x.{{partition(0,1)}}", { "pa.a.b": "x.0" }),
  row("pa.*.*", "x.{{partition(-3)}}", { "pa.a.b": "x.2661731771" }),
  row("*.x.*", "{{partition(10,1,2)}}.$2", { "a.x.b": "6.b" }),
  row("a.>", "x.{{partition(10)}}.>", { "a.b.c": "x.1.b.c" }),
  row("h.*", "x.{{partition(1000)}}.{{partition(1000,1)}}", {
    "h.\xc3\xa9": "x.603.217",
  }),
  row("a.*", "x.{{random(1)}}", { "a.b": "x.0" }),
  row("a.*", "x.{{random(0)}}", { "a.b": "x.0" }),
  row("a.*", "x.{{random(-1)}}", { "a.b": "x.0" }),
  row("a", "x.{{random(1)}}", { a: "x.0" }),
  row("s.*", "x.{{splitFromLeft(1,3)}}", {
    [SIX]: "x.abc.def",
    "s.abcd": "x.abc.d",
    "s.abc": "x.abc",
    "s.ab": "x.ab",
  }),
  row("s.*", "x.{{splitfromleft(1,0)}}", { "s.abc": "x.abc" }),
  row("s.*", "x.{{splitfromleft(1,-1)}}", { "s.abc": "x.abc" }),
  row("s.*", "x.{{SplitFromRight(1,3)}}", {
    [SIX]: "x.abc.def",
    "s.abcd": "x.a.bcd",
    "s.abc": "x.abc",
  }),
  row("s.*", "x.{{sliceFromLeft(1,3)}}", {
    [SIX]: "x.abc.def",
    "s.abcdefgh": "x.abc.def.gh",
    "s.abcd": "x.abc.d",
    "s.abc": "x.abc",
  }),
  row("s.*", "x.{{sliceFromRight(1, 3)}}", {
    [SIX]: "x.abc.def",
    "s.abcdefgh": "x.ab.cde.fgh",
    "s.abcd": "x.a.bcd",
    "s.abc": "x.abc",
  }),
  row("s.*", "x.{{slicefromright(1,0)}}", { [SIX]: "x.abcdef" }),
  row("s.*", "x.{{split(1,-)}}", {
    "s.-a--b-": "x.a.b",
    "s.a-b": "x.a.b",
    "s.a": "x.a",
  }),
  row("s.*", "x.{{split(1,--)}}", {
    "s.-a--b-": "x.-a.b-",
    "s.a---b": "x.a.-b",
  }),
  row("s.*", "x.{{split(1,)}}", {
    "s.abc": "x.a.b.c",
    "s.a\xc3\xa9": "x.a.\xc3\xa9",
  }),
  row("s.*", "x.{{split(1,.)}}", { "s.a": "x.{{split(1,.)}}" }),
  row("s.*", "x.{{left(1,3)}}", { [SIX]: "x.abc", "s.ab": "x.ab" }),
  row("s.*", "x.{{right(1,3)}}", { [SIX]: "x.def", "s.ab": "x.ab" }),
  row("s.*", "x.{{left(1,0)}}", { "s.ab": "x.ab" }),
  row("s.*", "x.{{right(1,-2)}}", { "s.ab": "x.ab" }),
  row("s.*", "{{left(1,2)}}.{{right(1,2)}}", {
    "s.\xc3\xa9\xc3\xa9": "\xc3\xa9.\xc3\xa9",
  }),
  row("s.*", "x.x{{wildcard(1)}}", { "s.a": "x.x{{wildcard(1)}}" }),
  row("s.*", "x.{{foo(1)}}x", { "s.a": "x.{{foo(1)}}x" }),
  row("s.*", "x.{{}}", { "s.a": "x.{{}}" }),
  row("s.*", "x.$", { "s.a": "x.$" }),
  row("s.*", "x.$1a", { "s.a": "x.$1a" }),
  row("s.*", "x.$99999999999999999999", {
    "s.a": "x.$99999999999999999999",
  }),
];

/** A source, a destination, and what is wrong with it. */
export type BadTransform = readonly [
  source: string,
  destination: string,
  error: string,
];

const FUNCTION = "function argument is invalid or in the wrong format in";
const FEW = "not enough arguments passed to the function in";
const MANY = "too many arguments passed to the function in";
const RANGE = "wildcard index out of range in";
const BAD = "invalid mapping destination: ";

export const badMappings: readonly BadTransform[] = [
  ["a.*", "{{partition()}}.x", `${BAD}${FUNCTION} {{partition()}}`],
  ["a.*", "x.{{partition(10,a)}}", `${BAD}${FUNCTION} {{partition(10,a)}}`],
  ["a.*", "x.{{partition(10,2)}}", `${BAD}${RANGE} {{partition(10,2)}}: [2]`],
  ["a.>", "{{partition(3,1)}}.>", `${BAD}${RANGE} {{partition(3,1)}}: [1]`],
  [
    "a.*",
    "x.{{partition(2147483648)}}",
    `${BAD}${FUNCTION} {{partition(2147483648)}}`,
  ],
  ["a.*", "x.{{left(1,b)}}", `${BAD}${FUNCTION} {{left(1,b)}}`],
  ["a.*", "x.{{left(1)}}", `${BAD}${FEW} {{left(1)}}`],
  ["a.*", "x.{{left(1,2,3)}}", `${BAD}${MANY} {{left(1,2,3)}}`],
  ["a.*", "x.{{left(2,1)}}", `${BAD}${RANGE} {{left(2,1)}}: [2]`],
  ["a", "x.{{left(1,2)}}", `${BAD}${RANGE} {{left(1,2)}}`],
  ["a.*", "x.{{split()}}", `${BAD}${FEW} {{split()}}`],
  ["a.*", "x.{{split(1,-,3)}}", `${BAD}${MANY} {{split(1,-,3)}}`],
  ["a.*", "x.{{split(1,- )}}", `${BAD}${FUNCTION} {{split(1,- )}}`],
  ["a.*", "x.{{split(a,-)}}", `${BAD}${FUNCTION} {{split(a,-)}}`],
  ["a.*", "x.{{random()}}", `${BAD}${FUNCTION} {{random()}}`],
  ["a.*", "x.{{random(1,2)}}", `${BAD}${FEW} {{random(1,2)}}`],
  ["a.*", "x.{{wildcard()}}", `${BAD}${FEW} {{wildcard()}}`],
  ["a.*", "x.{{wildcard(1,2)}}", `${BAD}${MANY} {{wildcard(1,2)}}`],
  ["a.*", "x.{{wildcard(a)}}", `${BAD}${FUNCTION} {{wildcard(a)}}`],
  ["a.>", "x.{{wildcard(1)}}.>", `${BAD}${RANGE} {{wildcard(1)}}: [1]`],
  ["a", "x.{{wildcard(1)}}", `${BAD}${RANGE} {{wildcard(1)}}`],
  ["a.*", "x.$2", `${BAD}${RANGE} $2: [2]`],
  ["a", "x.$1", `${BAD}${RANGE} $1`],
  ["a", "x.$0", `${BAD}${RANGE} $0`],
  ["a.*", "x.{{WILDCARD(1)}}", `${BAD}unknown function in {{WILDCARD(1)}}`],
  ["a.*", "x.{{foo}}", `${BAD}unknown function in {{foo}}`],
  ["a.*", "x.{{a}}", `${BAD}unknown function in {{a}}`],
  ["a", "{{foo(1)}}", `${BAD}unknown function in {{foo(1)}}`],
  [
    "a.*",
    "{{x wildcard(1)}}",
    `${BAD}unknown function in {{x wildcard(1)}}`,
  ],
  [
    "a.*",
    "{{wildcard(1)}}{{wildcard(1)}}",
    `${BAD}${FUNCTION} {{wildcard(1)}}{{wildcard(1)}}`,
  ],
  [
    "a.*",
    "x.{{account-hash(1)}}",
    `${BAD}${MANY} {{account-hash(1)}}`,
  ],
  ["a.*", "{{account-hash}}", `${BAD}unknown function in {{account-hash}}`],
  [
    "a",
    "{{account-hash-import()}}",
    `${BAD}function is not available in this context in {{account-hash-import()}}`,
  ],
  [
    "a",
    "{{account-hash-leaf-remote()}}",
    `${BAD}function is not available in this context in {{account-hash-leaf-remote()}}`,
  ],
  ["a.*", "x.*", "invalid subject"],
  ["a.*", "x.>", "invalid subject"],
  ["a.>", "x", "invalid subject"],
  ["a", "x y", `${BAD}invalid transform`],
  ["a", "x..y", `${BAD}invalid transform`],
  ["a.>", "x.>.y", `${BAD}invalid transform`],
];

const ONLY_WILDCARDS =
  "the only mapping function allowed for import transforms is {{Wildcard()}} in";
const NOT_ALL = "not using all of the token wildcard(s) in";

/** The same for imports of streams. */
export const badImports: readonly BadTransform[] = [
  ["s.*", "x", `${BAD}${NOT_ALL} x`],
  ["s.*.*", "x.$1", `${BAD}${NOT_ALL} x.$1`],
  ["s.*", "x.$2", `${BAD}${RANGE} $2: [2]`],
  ["s.*", "x.{{left(1,1)}}", `${BAD}${ONLY_WILDCARDS} {{left(1,1)}}`],
  [
    "s.*",
    "x.{{partition(3)}}.$1",
    `${BAD}${ONLY_WILDCARDS} {{partition(3)}}`,
  ],
  ["s.*", "x.{{foo(1)}}", `${BAD}unknown function in {{foo(1)}}`],
  ["s.>", "x", "invalid subject"],
];
