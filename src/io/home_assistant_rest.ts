// States without a broker: over Home Assistant's REST interface, read-only and for as long as it runs.

import { stringifyJson } from "../ocpp/json.ts";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type { Log } from "./log.ts";
import { Throttle } from "./throttle.ts";
import { messageOf } from "./thrown.ts";

/** States are sent at most this often, ms. */
const SPACING_MS = 5_000;

/** Home Assistant forgets them when it starts; all are sent again after this, ms. */
const REPEAT_MS = 600_000;

/** How long one answer may take, ms. */
const ANSWER_MS = 10_000;

/** How long the last words may take, ms. */
const FAREWELL_MS = 1_000;

interface RestState {
  readonly state: string;
  readonly attributes: JsonObject;
}

/** Sends what has changed, while there is a connection. */
export class HomeAssistantRest {
  readonly #address: { readonly url: string; readonly token: string };
  readonly #state: () => JsonObject;
  readonly #log: Log;
  readonly #throttle: Throttle;
  readonly #stopping = new AbortController();
  readonly #sent = new Map<string, { text: string; at: number }>();
  #sending: Promise<void> | undefined;
  #connected = false;
  #failed = false;
  #wanted = true;

  constructor(
    address: { readonly url: string; readonly token: string },
    state: () => JsonObject,
    log: Log,
  ) {
    this.#address = address;
    this.#state = state;
    this.#log = log;
    this.#throttle = new Throttle(SPACING_MS, () => this.#begin());
  }

  /** Home Assistant is there, and may know nothing of ours any more. */
  opened(): void {
    for (const sent of this.#sent.values()) sent.at = -Infinity;
    this.#connected = true;
    this.update(this.#wanted);
  }

  closed(): void {
    this.#connected = false;
  }

  /** Something may have changed. `wanted`: whether states go this way at all; else they are taken back. */
  update(wanted: boolean): void {
    this.#wanted = wanted;
    if (this.#connected && !this.#stopping.signal.aborted) this.#throttle.request();
  }

  /** Says that nothing is known any more, if that takes no time. */
  async close(): Promise<void> {
    this.#throttle.stop();
    this.#stopping.abort();
    await this.#sending;
    if (!this.#connected) return;
    const signal = AbortSignal.timeout(FAREWELL_MS);
    const last = [...this.#sent].map(([id, { text }]) => {
      const { attributes } = JSON.parse(text) as RestState;
      const gone = stringifyJson({ state: "unavailable", attributes });
      return this.#ask("POST", id, signal, gone);
    });
    await Promise.allSettled(last);
  }

  #begin(): void {
    this.#sending ??= this.#send().finally(() => this.#sending = undefined);
  }

  async #send(): Promise<void> {
    const now = Date.now();
    try {
      if (!this.#wanted) return await this.#takeBack();
      for (const [id, state] of Object.entries(restStates(this.#state()))) {
        const text = stringifyJson({ ...state });
        const before = this.#sent.get(id);
        if (before?.text === text && now - before.at < REPEAT_MS) continue;
        const { signal } = this.#stopping;
        const inTime = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
        await this.#ask("POST", id, inTime, text);
        this.#sent.set(id, { text, at: now });
      }
      this.#failed = false;
    } catch (error) {
      if (this.#failed || this.#stopping.signal.aborted) return;
      this.#failed = true;
      const reason = messageOf(error);
      this.#log("warning", "states do not reach Home Assistant", { reason });
    }
  }

  /** The device shows them now; what stayed behind would never change again. */
  async #takeBack(): Promise<void> {
    for (const id of this.#sent.keys()) {
      const { signal } = this.#stopping;
      await this.#ask("DELETE", id, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
      this.#sent.delete(id);
    }
    this.#failed = false;
  }

  async #ask(
    method: "POST" | "DELETE",
    id: string,
    signal: AbortSignal,
    body?: string,
  ): Promise<void> {
    const { url, token } = this.#address;
    const response = await fetch(`${url}/api/states/${id}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...body !== undefined && { body },
      signal,
    });
    await response.body?.cancel();
    // Whoever takes back what is not there has what it wants.
    if (response.ok || (method === "DELETE" && response.status === 404)) return;
    throw new Error(`Home Assistant answered ${response.status}`);
  }
}

/** The states that everybody looks for, by entity id. */
export function restStates(state: JsonObject): Record<string, RestState> {
  const session = state.session as JsonObject;
  const entity = (
    value: JsonValue | undefined,
    name: string,
    more: JsonObject = {},
  ): RestState => ({
    state: value === null || value === undefined ? "unknown" : String(value),
    attributes: { friendly_name: `Charger ${name}`, ...more },
  });
  const energy = { device_class: "energy", unit_of_measurement: "kWh" };
  return {
    "sensor.ocpp_proxy_status": entity(state.status, "status", {
      error_code: (state.fault_details as JsonObject).error_code ?? null,
    }),
    "sensor.ocpp_proxy_power": entity(state.power_w, "power", {
      device_class: "power",
      unit_of_measurement: "W",
      state_class: "measurement",
    }),
    "sensor.ocpp_proxy_energy": entity(state.energy_kwh, "energy", {
      ...energy,
      state_class: "total_increasing",
    }),
    "sensor.ocpp_proxy_session_energy": entity(session.energy_kwh, "session energy", {
      ...energy,
      state_class: "total_increasing",
    }),
    "sensor.ocpp_proxy_in_control": entity(state.holder, "in control"),
    "sensor.ocpp_proxy_mode": entity(state.mode, "mode"),
    "sensor.ocpp_proxy_last_decision": entity(state.decision, "last decision"),
    "binary_sensor.ocpp_proxy_online": entity(state.online === true ? "on" : "off", "online", {
      device_class: "connectivity",
    }),
  };
}
