// Every quirk at the real proxy: the odd frame is on the wire, and a session is booked all the same.

import assert from "node:assert/strict";
import { QUIRKS } from "../../src/simulate/quirk_list.ts";
import { until } from "../support/until.ts";
import { ODD_HANDSHAKES } from "./odd_handshakes.ts";
import { ODD_MESSAGES } from "./odd_messages.ts";
import { ODD_ANSWERS } from "./odd_answers.ts";
import { energies, session, withQuirk } from "./quirk_play.ts";
import type { OddCase } from "./odd_case.ts";

const CASES: Readonly<Record<string, OddCase>> = {
  ...ODD_HANDSHAKES,
  ...ODD_MESSAGES,
  ...ODD_ANSWERS,
};

for (const quirk of QUIRKS) {
  Deno.test(`quirk ${quirk.name}: the charger ${quirk.does}`, async () => {
    const odd = CASES[quirk.name];
    assert.ok(odd, "there is no case for it");
    await withQuirk([quirk], odd, async (play) => {
      await until(
        () => play.backend.payloads("StatusNotification").length > 0,
        5_000,
        "a status at the backend",
      );
      await odd.before?.(play);
      if (odd.session !== false) await session(play, odd.idTag);
      await odd.after?.(play);
      if (odd.shows) {
        assert.ok(play.sent.some((text) => odd.shows?.test(text)), play.sent.join("\n"));
      }
      if (odd.wire) assert.ok(odd.wire(play.tee), play.tee.connections[0]?.head ?? "");
      await until(() => play.charger.connected, 5_000, "the charger to be connected");
      if (odd.session === false || odd.books === false) return;
      const [energyWh = NaN] = await energies(play, 1);
      const finished = play.charger.sessions[0];
      const metered = (finished?.meterStopWh ?? 0) - (finished?.meterStartWh ?? 0);
      assert.ok(Math.abs(energyWh - (odd.energyWh?.(play) ?? metered)) <= 1, `${energyWh} Wh`);
    });
  });
}

Deno.test("there is no case for a quirk that there is not", () => {
  const names = new Set(QUIRKS.map(({ name }) => name));
  assert.equal(names.size, QUIRKS.length);
  assert.deepEqual(Object.keys(CASES).filter((name) => !names.has(name)), []);
});
