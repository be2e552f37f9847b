// Every fault that is planted, by area.

import {
  HOME_FAULTS,
  LIMIT_DELIVERY_FAULTS,
  LISTENER_FAULTS,
  MONEY_FAULTS,
  RECORDING_FAULTS,
} from "./beside.ts";
import { ARBITRATION_FAULTS, BILLING_FAULTS, LIMIT_FAULTS, RULE_FAULTS } from "./deciding.ts";
import type { Fault } from "./fault.ts";
import { DELIVERY_FAULTS, RESTORE_FAULTS, STORE_FAULTS } from "./keeping.ts";
import { CODEC_FAULTS, ID_FAULTS } from "./wire.ts";

/** By the name of the area. */
export const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  codec: CODEC_FAULTS,
  store: STORE_FAULTS,
  delivery: DELIVERY_FAULTS,
  ids: ID_FAULTS,
  arbitration: ARBITRATION_FAULTS,
  rules: RULE_FAULTS,
  limits: [...LIMIT_FAULTS, ...LIMIT_DELIVERY_FAULTS],
  billing: [...BILLING_FAULTS, ...MONEY_FAULTS],
  restore: RESTORE_FAULTS,
  recording: RECORDING_FAULTS,
  home: HOME_FAULTS,
  listener: LISTENER_FAULTS,
};
