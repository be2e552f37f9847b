// The pure core: one event in, the effects out. No clock, no socket, no file, no randomness.

import { backendFrame } from "./backend_frame.ts";
import { backendClosed, openBackend, refuseDial, tickBackends } from "./backend_link.ts";
import { fetchedLog } from "./backend_outbox.ts";
import { chargerClosed, openCharger, tickCharger } from "./charge_point.ts";
import { chargerFrame } from "./charger_message.ts";
import { tickLimits } from "./charging_limit.ts";
import { finishControl, reviewControl, tickControl } from "./control_tick.ts";
import { keepCursors } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import { forgetFacts, learnFact } from "./fact.ts";
import { endInterrupted } from "./handover.ts";
import { receivedByJson } from "./json_backend.ts";
import { settleLimits } from "./limit_delivery.ts";
import { closeLostSessions } from "./lost_stop.ts";
import { answerQuestion, setMode, setOwnerLimit } from "./owner.ts";
import { notePrice } from "./price_history.ts";
import { reconfigure } from "./reconfigure.ts";
import { reviewRuleLimit } from "./rule_limit.ts";
import { shiftDeadlines } from "./shift.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { forgetStoring, stored } from "./stored.ts";

export { nextDeadline } from "./deadline.ts";
export { createState } from "./create_state.ts";
export { type State } from "./state.ts";

/**
 * Answers one event. Changes `state` in place; the effects are to be performed in their order.
 *
 * After a `store` effect nothing else is to happen before the event `stored`.
 */
export function step(state: State, event: Event, now: number): Effect[] {
  const step: Step = { state, now, effects: [] };
  if (event.type !== "stored") forgetStoring(step);
  switch (event.type) {
    case "started":
      keepCursors(step, [...state.backends.values()]);
      forgetFacts(step);
      endInterrupted(step);
      reviewControl(step);
      tickBackends(step);
      break;
    case "charger_connected":
      openCharger(step, event);
      state.control.recheck = true;
      break;
    case "charger_disconnected":
      chargerClosed(step, event.connection, event.reason);
      break;
    case "charger_frame":
      chargerFrame(step, event.connection, event.text);
      break;
    case "backend_connected":
      openBackend(step, event);
      break;
    case "backend_disconnected":
      backendClosed(step, event);
      break;
    case "dial_failed":
      refuseDial(step, event);
      break;
    case "backend_frame":
      backendFrame(step, event.backendId, event.connection, event.text);
      break;
    case "backend_received":
      receivedByJson(step, event.backendId, event.connection, event.sequence);
      break;
    case "stored":
      stored(step, event.token, event.failure);
      break;
    case "log_page":
      fetchedLog(step, event.backendId, event.after, event.entries);
      break;
    case "owner":
      setMode(step, event.mode, event.until);
      break;
    case "owner_limit":
      setOwnerLimit(step, event.currentA, event.until);
      break;
    case "owner_answer":
      answerQuestion(step, event.requestId, event.allow);
      break;
    case "fact":
      if (learnFact(step, event)) {
        const { name } = event;
        const { value = null } = state.facts.get(name) ?? {};
        step.effects.push({ type: "publish", event: { type: "fact", name, value } });
        reviewRuleLimit(step);
        state.control.recheck = true;
      }
      notePrice(step);
      break;
    case "configured":
      reconfigure(step, event.configuration);
      break;
    case "clock_set":
      shiftDeadlines(step, event.byMs);
      break;
    case "tick":
      tickCharger(step);
      closeLostSessions(step);
      tickControl(step);
      tickLimits(step);
      tickBackends(step);
      break;
    default:
      event satisfies never;
  }
  settle(step);
  return step.effects;
}

/** Control first, then limits; what a refused limit frees is given to whoever waits for it. */
function settle(step: Step): void {
  const { state } = step;
  let freed: boolean;
  do {
    finishControl(step);
    const { lease } = state.control;
    settleLimits(step);
    freed = lease !== undefined && state.control.lease === undefined;
  } while (freed);
}
