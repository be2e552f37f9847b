// A charger that keeps what it accepts of charging profiles, with the quirks of real ones.

import type { JsonObject } from "../../src/ocpp/json.ts";
import type { ChargingProfile, ClearChargingProfileRequest } from "../../src/ocpp/types.ts";
import { nextDeadline } from "../../src/core/step.ts";
import { ChargingProfiles } from "../../src/simulate/charging_profiles.ts";
import type { BackendConfiguration } from "../../src/core/configuration.ts";
import { backend, configuration, Harness } from "./harness.ts";

export type Quirk = (connectorId: number, profile: ChargingProfile) => boolean;

/** Wallbox, firmware 5, and others: schedules with a start of their own. */
export const NO_ABSOLUTE: Quirk = (_, profile) => profile.chargingProfileKind === "Absolute";

/** EVBox, Grizzl-E. */
export const NO_MAXIMUM: Quirk = (connectorId) => connectorId === 0;

export const NO_DEFAULT: Quirk = (connectorId) => connectorId > 0;

export const NOTHING: Quirk = () => true;

/** The core with one charger whose profiles can be read. */
export class LimitStage {
  readonly h: Harness;
  readonly profiles = new ChargingProfiles();

  constructor(
    changes: Parameters<typeof configuration>[0] = {},
    readonly quirk: Quirk = () => false,
    readonly connectors = 1,
    backends: readonly BackendConfiguration[] = [backend("evcc", "controller")],
  ) {
    this.h = new Harness(configuration({ controlTimeoutMs: 3_600_000, backends, ...changes }));
    this.h.bootCharger(connectors);
    for (const { id } of backends) this.h.attach(id, () => 7_000 + this.h.tables.sessions.size);
  }

  /** Carries out and answers whatever is asked; the actions, in order. */
  obey(): string[] {
    const { h } = this;
    const seen: string[] = [];
    while (h.state.charger.pending) {
      const { action, payload } = h.lastCallToCharger();
      seen.push(action);
      h.chargerAnswers(this.#carryOut(action, payload));
    }
    return seen;
  }

  #carryOut(action: string, payload: JsonObject): JsonObject {
    switch (action) {
      case "SetChargingProfile": {
        const { connectorId, csChargingProfiles } = payload as unknown as {
          connectorId: number;
          csChargingProfiles: ChargingProfile;
        };
        const accepted = !this.quirk(connectorId, csChargingProfiles) &&
          this.profiles.install(connectorId, csChargingProfiles, this.h.now);
        return { status: accepted ? "Accepted" : "Rejected" };
      }
      case "ClearChargingProfile": {
        const count = this.profiles.clear(payload as ClearChargingProfileRequest);
        return { status: count > 0 ? "Accepted" : "Unknown" };
      }
      default:
        return { status: "Accepted" };
    }
  }

  /** Lets time pass, the charger obeying all the while. */
  pass(ms: number): void {
    const { h } = this;
    for (const end = h.now + ms; h.now < end;) {
      h.pass(Math.min(end - h.now, Math.max(nextDeadline(h.state) - h.now, 1)));
      this.obey();
    }
  }

  /** What the charger itself would allow on a connector, A; null: it is not limited. */
  limitA(connectorId = 1, at = this.h.now): number | null {
    const session = [...this.h.tables.sessions.values()].find((item) =>
      item.stoppedAt === null && item.connectorId === connectorId
    );
    return this.profiles.limitA(connectorId, at, session, 1) ?? null;
  }

  /** The newest profile that the charger was sent. */
  sent(): { connectorId: number; csChargingProfiles: ChargingProfile } {
    return this.h.callsToCharger("SetChargingProfile").at(-1)!.payload as never;
  }

  start(connectorId = 1, idTag = "CAR"): number {
    const { h } = this;
    const timestamp = new Date(h.now).toISOString();
    h.chargerCalls("StartTransaction", { connectorId, idTag, meterStart: 0, timestamp });
    for (const id of h.state.backends.keys()) h.serve(id);
    return [...h.tables.sessions.keys()].at(-1)!;
  }

  stop(transactionId: number): void {
    const { h } = this;
    const timestamp = new Date(h.now).toISOString();
    const { connectorId } = h.tables.sessions.get(transactionId)!;
    h.chargerCalls("StopTransaction", { transactionId, meterStop: 1, timestamp });
    this.profiles.endTransaction(connectorId);
    for (const id of h.state.backends.keys()) h.serve(id);
  }
}
