// Other people's charge points and central systems play whole sessions through the real program.

import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { type Library, MOBILITYHOUSE, OCPP_GO, OCPP_RPC, Opened } from "./cast.ts";
import type { OcppSide } from "./ocpp_peer.ts";
import { boot, chargeFromAfar, inquire, METER_START_WH, METER_STOP_WH } from "./session.ts";
import { interopTest } from "./toolchain.ts";

/** Charge point, and the central systems that the proxy dials: the first one starts and stops. */
const CASTS: readonly (readonly [Library, readonly [Library, ...Library[]]])[] = [
  [MOBILITYHOUSE, [OCPP_RPC]],
  [OCPP_RPC, [MOBILITYHOUSE]],
  [MOBILITYHOUSE, [MOBILITYHOUSE]],
  [OCPP_GO, [OCPP_RPC]],
  [OCPP_RPC, [OCPP_GO]],
  [OCPP_GO, [OCPP_GO]],
  [MOBILITYHOUSE, [OCPP_GO, MOBILITYHOUSE]],
  [OCPP_GO, [MOBILITYHOUSE, OCPP_GO, OCPP_RPC]],
];

/** Transaction ids of the central systems begin at multiples of this. */
const ID_RANGE = 1_000_000;

function password(index: number): string {
  return `password of central system ${index}`;
}

for (const [chargerLibrary, centralLibraries] of CASTS) {
  const names = centralLibraries.map(({ name }) => name).join(", ");
  const needs = [chargerLibrary, ...centralLibraries].flatMap((library) => library.needs);
  interopTest(
    `a charge point by ${chargerLibrary.name} plays a session with ${names}`,
    needs,
    async () => {
      await using opened = new Opened();
      const centrals: (OcppSide & { url: string })[] = [];
      for (const [index, library] of centralLibraries.entries()) {
        centrals.push(opened.add(await library.central((index + 1) * ID_RANGE, password(index))));
      }
      const program = opened.add(await startProgram({ config: configuration(centrals) }));
      const charger = opened.add(await chargerLibrary.charger(program.chargerUrl, "CP1"));

      const [first, ...others] = centrals;
      await boot(charger, centrals);
      await inquire(charger, first!);
      await chargeFromAfar(charger, [first!, ...others], "CARD");

      const [booked, ...none] = await (await fetch(`${program.httpUrl}/sessions`)).json();
      assert.equal(booked.energy_kwh, (METER_STOP_WH - METER_START_WH) / 1_000);
      assert.equal(booked.backend_id, "central0");
      assert.deepEqual(none, []);
      for (const { violations } of [charger, ...centrals]) assert.deepEqual(violations, []);
    },
  );
}

function configuration(centrals: readonly { readonly url: string }[]): string {
  const backends = centrals.map(({ url }, index) =>
    `  - { id: central${index}, url: "${url}", charge_point_id: NL-${index}, ` +
    `password: "${password(index)}", role: admin }\n`
  );
  return `charger: { id: CP1 }\nbackends:\n${backends.join("")}`;
}
