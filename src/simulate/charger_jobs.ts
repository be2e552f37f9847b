// The slow work of the virtual charger: firmware updates, diagnostics, and who it says it is.

import { parseTime } from "../ocpp/time.ts";
import type {
  BootNotificationRequest,
  DiagnosticsStatusNotificationRequest,
  FirmwareStatusNotificationRequest,
  UpdateFirmwareRequest,
} from "../ocpp/types.ts";
import type { VirtualCharger } from "./charger.ts";

type FirmwareStatus = FirmwareStatusNotificationRequest["status"];
type DiagnosticsStatus = DiagnosticsStatusNotificationRequest["status"];

/** How long each part of a job takes, simulated milliseconds. */
const STEP_MS = 20_000;

/** Jobs of one charger; there is at most one of a kind at a time. */
export class ChargerJobs {
  readonly #charger: VirtualCharger;
  #firmware: FirmwareStatus = "Idle";
  #diagnostics: DiagnosticsStatus = "Idle";
  #release = 0;
  #cancelUpdate: (() => void) | undefined;
  /** Availability of the whole charger, connector 0. */
  operative = true;

  constructor(charger: VirtualCharger) {
    this.#charger = charger;
  }

  /** What BootNotification says. */
  get identity(): BootNotificationRequest {
    return {
      chargePointVendor: "ocpp-proxy",
      chargePointModel: "Simulated charger",
      chargePointSerialNumber: "SIM-0001",
      firmwareVersion: `1.0.${this.#release}`,
      meterType: "Simulated meter",
    };
  }

  /** The status of connector 0. */
  get wholeStatus(): "Available" | "Unavailable" {
    return this.operative ? "Available" : "Unavailable";
  }

  get firmware(): FirmwareStatus {
    return this.#firmware;
  }

  get diagnostics(): DiagnosticsStatus {
    return this.#diagnostics;
  }

  /**
   * Downloads and installs, once no transaction runs. A job that runs is not disturbed; one that is
   * only planned gives way to the newer.
   */
  updateFirmware(request: UpdateFirmwareRequest): void {
    if (this.#firmware !== "Idle") return;
    this.#cancelUpdate?.();
    const { clock } = this.#charger;
    const startMs = (parseTime(request.retrieveDate) ?? 0) - clock.now();
    this.#cancelUpdate = clock.after(startMs, () => {
      this.#tellFirmware("Downloading");
      clock.after(STEP_MS, () => {
        this.#tellFirmware("Downloaded");
        this.#install();
      });
    });
  }

  #install(): void {
    const { clock, connectors } = this.#charger;
    if (connectors.some((connector) => connector.transaction)) {
      clock.after(STEP_MS, () => this.#install());
      return;
    }
    this.#tellFirmware("Installing");
    clock.after(STEP_MS, () => {
      this.#release += 1;
      this.#tellFirmware("Installed");
      this.#firmware = "Idle";
      this.#charger.restart("Soft");
    });
  }

  #tellFirmware(status: FirmwareStatus): void {
    this.#firmware = status;
    this.#charger.report(`firmware: ${status}`);
    void this.#charger.tell("FirmwareStatusNotification", { status });
  }

  /** Pretends to upload a log; returns the name of the file. */
  uploadDiagnostics(): string {
    if (this.#diagnostics !== "Uploading") {
      const { clock } = this.#charger;
      clock.after(0, () => this.#tellDiagnostics("Uploading"));
      clock.after(STEP_MS, () => {
        this.#tellDiagnostics("Uploaded");
        this.#diagnostics = "Idle";
      });
    }
    return "diagnostics.log";
  }

  #tellDiagnostics(status: DiagnosticsStatus): void {
    this.#diagnostics = status;
    this.#charger.report(`diagnostics: ${status}`);
    void this.#charger.tell("DiagnosticsStatusNotification", { status });
  }
}
