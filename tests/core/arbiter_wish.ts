// What backends wish, as they say it: in OCPP, and in the JSON protocol.

import type { JsonObject } from "../../src/ocpp/json.ts";
import { IDS, type Member } from "./arbiter_household.ts";
import type { Action } from "./arbiter_moves.ts";
import type { Wish } from "./arbiter_reference.ts";
import { FIRST_LIMIT_A, FIRST_LOCK } from "./arbiter_world.ts";
import { profile } from "./command_fixture.ts";
import type { Harness } from "./harness.ts";

/** Who wishes what; `running`: the transaction on the connector, by the proxy's id. */
export interface Asked {
  readonly id: string;
  readonly who: Member;
  readonly action: Action;
  readonly connector: number;
  readonly amount: number;
  readonly running: number | undefined;
}

/** The text of a request, and what it means to the arbiter; undefined: nothing. */
export interface Spoken {
  readonly text: string;
  readonly wish: Wish | undefined;
}

/** A wish in OCPP. */
export function called(h: Harness, asked: Asked): Spoken | undefined {
  const { who, action, connector: connectorId, amount, running, id } = asked;
  const index = IDS.indexOf(who);
  const limit = amount === 0 ? 0 : FIRST_LIMIT_A + index;
  const theirs = h.state.backends.get(who)!.transactionIds.get(running ?? -1);
  const requests: Partial<Record<Action, [JsonObject, Wish["permission"]]>> = {
    RemoteStartTransaction: [{ connectorId, idTag: who }, "start_stop"],
    SetChargingProfile: [{
      connectorId,
      csChargingProfiles: profile(limit, { stackLevel: index, chargingProfileId: amount }),
    }, "limit"],
    ReserveNow: [{
      connectorId,
      idTag: who,
      reservationId: amount,
      expiryDate: new Date(h.now + 7_200_000).toISOString(),
    }, "reserve"],
    UnlockConnector: [{ connectorId: FIRST_LOCK + index }, "unlock"],
    ...theirs !== undefined && {
      RemoteStopTransaction: [{ transactionId: Number(theirs) }, "start_stop"],
    },
    ClearChargingProfile: [amount === 0 ? {} : { id: amount }, undefined],
    CancelReservation: [{ reservationId: amount }, undefined],
  };
  const request = requests[action];
  if (request === undefined) return undefined;
  const [payload, permission] = request;
  const connector = Number(payload.connectorId ?? connectorId);
  return {
    text: JSON.stringify([2, id, action, payload]),
    wish: permission && { who, action, permission, connector } satisfies Wish,
  };
}

/** A wish in the JSON protocol. */
export function spoken(asked: Asked): Spoken | undefined {
  const { who, action, connector, amount, running, id } = asked;
  const limit = amount === 0 ? 0 : FIRST_LIMIT_A + IDS.indexOf(who);
  const wish = (permission: Wish["permission"], of: number | undefined, name: string = action) =>
    ({ who, action: name, permission, connector: of }) satisfies Wish;
  const requests: Partial<Record<Action, [JsonObject, Wish | undefined]>> = {
    request_control: [
      { action, queue: amount > 0, ...amount > 1 && { connector_id: connector } },
      wish(undefined, amount > 1 ? connector : undefined),
    ],
    RemoteStartTransaction: [
      { action, connector_id: connector, id_tag: who },
      wish("start_stop", connector),
    ],
    SetChargingProfile: [
      { action: "set_limit", current_a: limit },
      wish("limit", undefined, "set_limit"),
    ],
    ...running !== undefined && {
      RemoteStopTransaction: [
        { action, transaction_id: running },
        wish("start_stop", connector),
      ],
    },
    ClearChargingProfile: [{ action: "clear_limit" }, undefined],
    release_control: [{ action }, undefined],
  };
  const request = requests[action];
  if (request === undefined) return undefined;
  return { text: JSON.stringify({ id, ...request[0] }), wish: request[1] };
}
