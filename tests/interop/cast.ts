// Who can play the charger, and who a central system, beside the real program.

import { strictBackendServer } from "../support/strict_backend.ts";
import { strictCharger } from "../support/strict_charger.ts";
import { centralSystemPeer, chargePointPeer, type OcppSide } from "./ocpp_peer.ts";
import { prepareGo, preparePython, type Toolchain } from "./toolchain.ts";

export const PYTHON: Toolchain = await preparePython();
export const GO: Toolchain = await prepareGo();

/** An implementation of OCPP that is not ours, and what it needs. */
export interface Library {
  readonly name: string;
  readonly needs: readonly Toolchain[];
  charger(url: string, id: string): Promise<OcppSide>;
  central(firstTransactionId: number, password: string): Promise<OcppSide & { url: string }>;
}

export const MOBILITYHOUSE: Library = library("mobilityhouse", PYTHON);
export const OCPP_GO: Library = library("ocpp-go", GO);

/** The strict peer of the other tests. */
export const OCPP_RPC: Library = {
  name: "ocpp-rpc",
  needs: [],
  charger: (url, id) =>
    strictCharger(url, id, {
      answers: {
        GetConfiguration: () => ({
          configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "1" }],
          unknownKey: ["Nonsense"],
        }),
      },
    }),
  central: (firstTransactionId, password) => strictBackendServer({ firstTransactionId, password }),
};

function library(name: string, toolchain: Toolchain): Library {
  return {
    name,
    needs: [toolchain],
    charger: (url, id) => chargePointPeer(toolchain, url, id),
    central: (firstTransactionId, password) =>
      centralSystemPeer(toolchain, firstTransactionId, password),
  };
}

/** Closes on the way out what a test has opened, the last first. */
export class Opened implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();

  add<T extends { close(): Promise<void> }>(opened: T): T {
    return this.#stack.adopt(opened, (it) => it.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
