/** What a program writes for a subject that is mapped. */
import type { DestinationConfig } from "./mapping_config.ts";

/** A subject, or several with their shares. */
export type MappingConfig =
  | string
  | DestinationConfig
  | readonly DestinationConfig[];
