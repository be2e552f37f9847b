// The id tags in a backend's commands, put into the household's own (`send_as`).

import type { JsonObject } from "../ocpp/json.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { comparable, tagFrom } from "./id_tag.ts";
import type { State } from "./state.ts";

type LocalList = NonNullable<Messages["SendLocalList"]["request"]["localAuthorizationList"]>;

/** A valid request of a backend with the tags that the charger reads from its cards. */
export function inHouseholdTags(
  state: State,
  backendId: string,
  action: Action,
  request: JsonObject,
): JsonObject {
  switch (action) {
    case "RemoteStartTransaction":
    case "ReserveNow":
      return { ...request, idTag: tagFrom(state, backendId, String(request.idTag)) };
    case "SendLocalList": {
      const { localAuthorizationList } = request as Messages["SendLocalList"]["request"];
      return localAuthorizationList === undefined ? request : {
        ...request,
        localAuthorizationList: householdList(state, backendId, localAuthorizationList),
      };
    }
    default:
      return request;
  }
}

/**
 * A backend that lists both its own tag and the household's means one card by them, and the tags of
 * a list have to be unique (OCPP 1.6, section 5.15): what it says of its own tag counts.
 */
function householdList(state: State, backendId: string, entries: LocalList): LocalList {
  const translated = entries.map((entry) => ({
    ...entry,
    idTag: tagFrom(state, backendId, entry.idTag),
  }));
  const replaced = new Set(
    translated.filter(({ idTag }, index) => idTag !== entries[index]!.idTag)
      .map(({ idTag }) => comparable(idTag)),
  );
  return translated.filter(({ idTag }, index) =>
    idTag !== entries[index]!.idTag || !replaced.has(comparable(idTag))
  );
}
