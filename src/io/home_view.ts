// The charger as the house sees it: gathered from the proxy's report, its feed and its database.

import type { JsonObject } from "../ocpp/json.ts";
import { databasePath } from "./database.ts";
import { modeLabel, modeLabels } from "./home_mode.ts";
import { homeState } from "./home_state.ts";
import { beginningOfMonth, type HomeTotals, readHomeTotals } from "./home_totals.ts";
import type { Log } from "./log.ts";
import type { HomeDevice } from "./mqtt_discovery.ts";
import { type PowerReading, powerReading } from "./power_reading.ts";
import type { Proxy } from "./proxy.ts";

/** Without a cap in the configuration the owner can set limits up to here, A. */
const USUAL_CURRENT_A = 32;

/** Makes state and description of one proxy; `happened` keeps it up to date. */
export class HomeView {
  readonly #proxy: Proxy;
  readonly #log: Log;
  #totals: HomeTotals | undefined;
  #totalsFailed = false;
  #reading: PowerReading | undefined;

  constructor(proxy: Proxy, log: Log) {
    this.#proxy = proxy;
    this.#log = log;
  }

  /** An event of the feed. */
  happened(event: JsonObject): void {
    switch (event.type) {
      case "meter":
        this.#reading = powerReading(event.values) ?? this.#reading;
        return;
      case "transaction_started":
      case "charger_disconnected":
        this.#reading = undefined;
        return;
      case "session":
        this.#totals = undefined;
        this.#reading = undefined;
        return;
      default:
        return;
    }
  }

  /** The highest limit that the owner can set, A. */
  highestCurrentA(): number {
    return this.#proxy.configuration.core.charger.maxCurrentA ?? USUAL_CURRENT_A;
  }

  backendIds(): string[] {
    return this.#proxy.report().backends.map(({ id }) => String(id));
  }

  state(): JsonObject {
    return homeState(this.#proxy.report(), {
      totals: this.#currentTotals(),
      reading: this.#reading,
      highestCurrentA: this.highestCurrentA(),
    });
  }

  device(): HomeDevice {
    const { charger, mode } = this.#proxy.report();
    const { core, mqtt } = this.#proxy.configuration;
    const text = (value: unknown) => typeof value === "string" ? value : null;
    const backendIds = this.backendIds();
    return {
      instance: this.#proxy.instance,
      name: mqtt?.name ?? "Charger",
      currency: core.currency,
      backendIds,
      // The mode may name a backend that is no more; what is shown has to be among the options.
      modes: [...new Set([...modeLabels(backendIds), modeLabel(String(mode.mode))])],
      mayShare: core.allowSharedCharging,
      highestCurrentA: this.highestCurrentA(),
      charger: {
        id: text(charger.id),
        vendor: text(charger.vendor),
        model: text(charger.model),
        firmware: text(charger.firmware),
      },
    };
  }

  #currentTotals(): HomeTotals {
    const { core: { timeZone, currency }, dataDir } = this.#proxy.configuration;
    const now = this.#proxy.now();
    const monthStart = beginningOfMonth(now, timeZone);
    if (this.#totals?.monthStart === monthStart) return this.#totals;
    try {
      this.#totals = readHomeTotals(databasePath(dataDir), timeZone, currency, now);
      this.#totalsFailed = false;
      return this.#totals;
    } catch (error) {
      if (!this.#totalsFailed) {
        this.#totalsFailed = true;
        const reason = error instanceof Error ? error.message : String(error);
        this.#log("warning", "totals for Home Assistant cannot be read", { reason });
      }
      return { energyKwh: 0, monthStart, month: new Map() };
    }
  }
}
