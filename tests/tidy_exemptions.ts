/**
 * What breaks a rule of `tests/tidy_test.ts` today. Each list is sorted; take a
 * line out as soon as it is mended, and add one only with the reason above it.
 */
export interface Exemptions {
  /** Files of more than 400 lines. */
  readonly longFiles: readonly string[];
  /** Files on a circle of imports. */
  readonly circles: readonly string[];
  /** Files with banners. */
  readonly banners: readonly string[];
  /** Exports that nothing imports. */
  readonly deadExports: readonly string[];
  /** Names with two meanings. */
  readonly namesakes: readonly string[];
  /** Classes of more than 12 members without a reason. */
  readonly largeClasses: readonly string[];
  /** Interfaces of more than 12 members without a reason. */
  readonly largeInterfaces: readonly string[];
  /** Comments and titles to be put into plain English. */
  readonly oddWords: readonly string[];
  /** Switched-off checks, with their reason. */
  readonly evasions: readonly string[];
}

export const EXEMPT: Exemptions = {
  longFiles: [],
  circles: [],
  banners: [],
  deadExports: [],
  namesakes: [],
  largeClasses: [],
  largeInterfaces: [],
  oddWords: [],
  evasions: [
    "tests/commands/message_output_test.ts",
  ],
};
