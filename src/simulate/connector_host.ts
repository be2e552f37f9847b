// What a connector of the virtual charger needs of the charger around it.

import type { IdTagInfo } from "../ocpp/types.ts";
import type { ChargerSettings } from "./charger_settings.ts";
import type { ChargingProfiles } from "./charging_profiles.ts";
import type { Clock } from "./clock.ts";
import type { Connector } from "./connector.ts";
import type { FinishedSession } from "./transaction.ts";
import type { TransactionQueue } from "./transaction_queue.ts";

/** What a connector needs of its charger. */
export interface ConnectorHost {
  readonly clock: Clock;
  readonly settings: ChargerSettings;
  readonly profiles: ChargingProfiles;
  readonly queue: TransactionQueue;
  /** What the central system says of a tag that begins, or ends, a transaction. */
  readonly verdict: (idTag: string, info: IdTagInfo) => void;
  readonly statusChanged: (connector: Connector) => void;
  /** How many connectors share the limit of the whole charger now. */
  readonly chargingConnectors: () => number;
  readonly report: (text: string) => void;
  readonly finished: (session: FinishedSession) => void;
}

export interface Reservation {
  readonly reservationId: number;
  readonly idTag: string;
  readonly parentIdTag: string | undefined;
}
