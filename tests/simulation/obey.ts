// What becomes of the CALLs that the charger receives: that depends on its mood.

import type { JsonObject } from "../../src/ocpp/json.ts";
import { type Command, COMMANDS } from "../core/command_fixture.ts";
import { CHARGER_KEYS } from "../support/tables.ts";
import type { Charger } from "./charger.ts";
import { GARBAGE } from "./garbage.ts";
import type { Link } from "./link.ts";

/** The charger is told to do something, and does it, or not, and says so, or not. */
export function obey(
  charger: Charger,
  link: Link,
  id: string,
  action: string,
  payload: JsonObject,
): void {
  const { random, timeline, mood } = charger;
  const answer = (ms: number, text: string) => timeline.after(ms, () => link.say(text));
  const soon = random.between(10, 800);
  const carriesOut = mood === "good" || mood === "slow";
  const result = JSON.stringify([3, id, carriesOut ? carryOut(charger, action, payload) : {}]);
  switch (mood) {
    case "good":
      return answer(soon, result);
    case "slow":
      return answer(random.between(20_000, 40_000), result);
    case "silent":
      return;
    case "refusing":
      return answer(soon, JSON.stringify([4, id, "InternalError", "", {}]));
    case "lying":
      answer(soon, random.pick(GARBAGE));
      answer(soon, JSON.stringify([3, `${id}x`, { status: "Accepted" }]));
      answer(soon, JSON.stringify([4, id, "NotSupported", "", {}]));
      return answer(soon, JSON.stringify([4, id, "NotSupported", "", {}]));
    default:
      return mood satisfies never;
  }
}

function carryOut(charger: Charger, action: string, payload: JsonObject): JsonObject {
  const { random, timeline } = charger;
  const connectorId = Number(payload.connectorId ?? 1);
  switch (action) {
    case "GetConfiguration":
      return { configurationKey: CHARGER_KEYS };
    case "RemoteStartTransaction":
      if (connectorId > 2 || charger.charging(connectorId)) return { status: "Rejected" };
      timeline.after(random.between(10, 5_000), () => {
        if (random.chance(0.8)) charger.begin(String(payload.idTag), connectorId);
      });
      return { status: "Accepted" };
    case "RemoteStopTransaction": {
      const charge = charger.books.charges.findLast(({ id }) => id === payload.transactionId);
      if (!charge?.running) return { status: "Rejected" };
      // Some say yes, and go on.
      if (random.chance(0.1)) return { status: "Accepted" };
      timeline.after(
        random.between(10, 3_000),
        () => charge.running && charger.end(charge.connectorId),
      );
      return { status: "Accepted" };
    }
    case "UnlockConnector":
      return { status: "UnlockFailed" };
    default:
      return COMMANDS[action as Command]?.[1] ?? { status: "Accepted" };
  }
}
