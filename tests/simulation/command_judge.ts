// Commands that need no control: each reaches the charger as often as somebody who may has asked.

import assert from "node:assert/strict";
import type { BackendConfiguration, Permission } from "../../src/core/configuration.ts";
import type { Machine } from "./machine.ts";

/** What each of them takes; of the others control decides, or the proxy sends them itself. */
const PERMISSIONS: Readonly<Record<string, Permission>> = {
  CertificateSigned: "certificates",
  ChangeAvailability: "availability",
  ChangeConfiguration: "configure",
  ClearCache: "local_list",
  DataTransfer: "data_transfer",
  DeleteCertificate: "certificates",
  GetDiagnostics: "diagnostics",
  GetInstalledCertificateIds: "certificates",
  GetLocalListVersion: "read",
  GetLog: "diagnostics",
  InstallCertificate: "certificates",
  Reset: "reset",
  SendLocalList: "local_list",
  SignedUpdateFirmware: "firmware",
  UpdateFirmware: "firmware",
};

export class CommandJudge {
  /** How often each action may still reach the charger. */
  readonly #asked = new Map<string, number>();

  constructor(readonly machine: () => Machine) {}

  /** A backend has asked for something. */
  asked(backendId: string, action: string): void {
    const { configuration } = this.machine();
    const backend = configuration.backends.find(({ id }) => id === backendId);
    if (!backend || !may(backend, action)) return;
    this.#asked.set(action, 1 + (this.#asked.get(action) ?? 0));
  }

  /** The charger is told to do something. */
  sent(action: string): void {
    if (PERMISSIONS[action] === undefined) return;
    const times = this.#asked.get(action) ?? 0;
    assert.ok(times > 0, `P3: nobody may ask for ${action}`);
    this.#asked.set(action, times - 1);
  }

  /** The process has died, and with it what waited. */
  restarted(): void {
    this.#asked.clear();
  }
}

function may({ id, permissions }: BackendConfiguration, action: string): boolean {
  // The stage routes this vendor to b.
  if (action === "DataTransfer" && id === "b") return true;
  const permission = PERMISSIONS[action];
  return permission !== undefined && permissions.has(permission);
}
