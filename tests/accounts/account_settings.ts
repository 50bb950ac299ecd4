/** What accounts of a test stand on. */
import type { AccountSettings } from "../../src/accounts/account.ts";
import { WorkMeter } from "../../src/core/work_meter.ts";
import { seededRandom } from "../support/random.ts";

export function accountSettings(
  meter: WorkMeter = new WorkMeter(),
): AccountSettings {
  return {
    sublistCache: true,
    meter,
    mapping: { random: seededRandom(1), clusterName: () => "" },
  };
}
