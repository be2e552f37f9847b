// The charger as the house sees it: gathered from the proxy's report, its feed and its database.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import { databasePath } from "./database.ts";
import { modeLabel, modeLabels } from "./home_mode.ts";
import { holderOf, homeState, payerOf } from "./home_state.ts";
import { beginningOfMonth, type HomeTotals, readHomeTotals } from "./home_totals.ts";
import type { Log } from "./log.ts";
import type { HomeDevice } from "./mqtt_component.ts";
import { type PowerReading, powerReading } from "./power_reading.ts";
import type { Proxy } from "./proxy.ts";
import { messageOf } from "./thrown.ts";

/** Without a cap in the configuration the owner can set limits up to here, A. */
const USUAL_CURRENT_A = 32;

/** Makes state and description of one proxy; `happened` keeps it up to date. */
export class HomeView {
  readonly #proxy: Proxy;
  readonly #log: Log;
  /** Read anew when what they depend on is another: sessions that run are not among them. */
  #totals: { readonly key: string; readonly value: HomeTotals } | undefined;
  #totalsFailed = false;
  #reading: PowerReading | undefined;
  #card: { readonly transactionId: JsonValue | undefined; readonly idTag: string } | undefined;

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
        this.#reading = undefined;
        this.#card = { transactionId: event.transaction_id, idTag: String(event.id_tag) };
        return;
      case "charger_disconnected":
      case "session":
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
    const { timeZone, currency } = this.#proxy.configuration.core;
    const monthStart = beginningOfMonth(this.#proxy.now(), timeZone);
    const report = this.#proxy.report();
    const running = report.sessions[0]?.transaction_id;
    return homeState(report, {
      totals: this.#currentTotals(monthStart),
      monthStart,
      reading: this.#reading,
      highestCurrentA: this.highestCurrentA(),
      currency,
      card: running === this.#card?.transactionId ? this.#card?.idTag : undefined,
    });
  }

  device(): HomeDevice {
    const report = this.#proxy.report();
    const { charger, mode } = report;
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
      holders: [...new Set(["none", "owner", ...backendIds, holderOf(report)])],
      payers: [...new Set(["none", "household", ...backendIds, payerOf(report.sessions[0])])],
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

  #currentTotals(monthStart: number): HomeTotals | undefined {
    const { core: { timeZone, currency }, dataDir } = this.#proxy.configuration;
    const key = JSON.stringify([monthStart, timeZone, currency, this.#proxy.booked]);
    if (this.#totals?.key === key) return this.#totals.value;
    try {
      const value = readHomeTotals(databasePath(dataDir), timeZone, currency, monthStart);
      this.#totals = { key, value };
      this.#totalsFailed = false;
      return value;
    } catch (error) {
      if (!this.#totalsFailed) {
        this.#totalsFailed = true;
        const reason = messageOf(error);
        this.#log("warning", "totals for Home Assistant cannot be read", { reason });
      }
      return undefined;
    }
  }
}
