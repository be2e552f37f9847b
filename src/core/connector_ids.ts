// Which connectors the charger has, from what it has told so far.

import { openSessions } from "./session.ts";
import type { State } from "./state.ts";

/** More are not believed. */
const MOST_CONNECTORS = 64;

/** The connectors above 0, rising; at least connector 1. */
export function connectorIds(state: State): readonly number[] {
  const { connectors, configuration } = state.charger;
  const key = configuration?.find((row) => row.key.toLowerCase() === "numberofconnectors");
  const told = Number(key?.value ?? 0);
  const count = told >= 1 && told <= MOST_CONNECTORS ? Math.floor(told) : 0;
  const ids = new Set([1, ...connectors.keys()]);
  for (let id = 2; id <= count; id++) ids.add(id);
  for (const { connectorId } of openSessions(state)) ids.add(connectorId);
  return [...ids].filter((id) => id > 0 && id <= MOST_CONNECTORS).sort((a, b) => a - b);
}
