/** What accounts of a test stand on. */
import type { AccountsSettings } from "../../src/accounts/accounts.ts";
import { Delivery } from "../../src/accounts/delivery.ts";
import { WorkMeter } from "../../src/core/work_meter.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

export function accountSettings(
  meter: WorkMeter = new WorkMeter(),
): AccountsSettings {
  const random = seededRandom(1);
  return {
    sublistCache: true,
    meter,
    mapping: { random, clusterName: () => "", complain: () => {} },
    imports: {
      delivery: new Delivery(random, meter, { goOn: () => false }),
      clock: new VirtualClock(),
      random,
      serverName: "S",
    },
  };
}
