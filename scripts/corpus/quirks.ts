// Simulated chargers, each with one quirk, in a session with a strict backend.

import { HANDSHAKE_QUIRKS } from "../../src/simulate/quirks/handshake.ts";
import type { Quirk } from "../../src/simulate/quirk.ts";
import { QUIRKS } from "../../src/simulate/quirk_list.ts";
import { ODD_ANSWERS } from "../../tests/simulate/odd_answers.ts";
import type { OddCase } from "../../tests/simulate/odd_case.ts";
import { ODD_HANDSHAKES } from "../../tests/simulate/odd_handshakes.ts";
import { ODD_MESSAGES } from "../../tests/simulate/odd_messages.ts";
import { session, withQuirk } from "../../tests/simulate/quirk_play.ts";
import { until } from "../../tests/support/until.ts";

const CASES: Readonly<Record<string, OddCase>> = {
  ...ODD_MESSAGES,
  ...ODD_ANSWERS,
  ...ODD_HANDSHAKES,
};

/** Makes the recording of each; a handshake has no frames. */
export const QUIRK_CASES: Readonly<Record<string, (file: string) => Promise<void>>> = Object
  .fromEntries(
    QUIRKS.filter((quirk) => !HANDSHAKE_QUIRKS.includes(quirk))
      .map((quirk) => [`quirk-${quirk.name}`, (file) => record(quirk, file)]),
  );

async function record(quirk: Quirk, file: string): Promise<void> {
  const odd = CASES[quirk.name] ?? {};
  await withQuirk([quirk], { ...odd, record: file }, async (play) => {
    await until(
      () => play.backend.payloads("StatusNotification").length > 0,
      5_000,
      "a status at the backend",
    );
    await odd.before?.(play);
    if (odd.session !== false) await session(play, odd.idTag);
    await odd.after?.(play);
    await until(() => play.stage.backend("strict").backlog === 0, 5_000, "all to be delivered");
  });
}
