// MeterValues: energy for the session that they belong to, stored before they are answered.

import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { parseTime } from "../ocpp/time.ts";
import type { MeterValue, MeterValuesRequest } from "../ocpp/types.ts";
import { mayKnow } from "./backend.ts";
import type { Backend } from "./backend_state.ts";
import { believedTime } from "./believed_time.ts";
import { billReadings } from "./billing.ts";
import { answerCharger } from "./charger_answer.ts";
import { hearClock, timeByOurs } from "./charger_clock.ts";
import { emitJsonTo } from "./json_backend.ts";
import { meterEvent } from "./json_event.ts";
import { repeatedEntry } from "./log_window.ts";
import { notifySubset } from "./notify.ts";
import type { LogEntry, SessionRecord } from "./record.ts";
import { meterReading, openSessions, sessionByChargerId } from "./session.ts";
import type { State } from "./state.ts";
import { noteOnce, type Step } from "./step_context.ts";
import { store } from "./stored.ts";
import { meteredSession } from "./transaction_match.ts";
import type { ChargerMessage } from "./transaction_message.ts";

/** Takes MeterValues in (OCPP 1.6, section 4.7). */
export function meterValues(step: Step, message: ChargerMessage<MeterValuesRequest>): void {
  const { state, now } = step;
  const { request } = message;
  if (request.meterValue.length === 0) {
    answerCharger(step, message.connection, message.id, {});
    return;
  }
  const session = meteredSession(step, request);
  if (session === undefined) {
    answerCharger(step, message.connection, message.id, {});
    tellLooseValues(step, request);
    return;
  }
  const { transactionId: _, ...payload } = request;
  const known = repeatedEntry(state.log, "MeterValues", { payload, raw: message.raw });
  if (known?.transactionId === session.transactionId) {
    noteOnce(step, "meter-repeated", "the charger repeats MeterValues; they are answered again");
    answerCharger(step, message.connection, message.id, {});
    return;
  }
  const updated = { ...session, flags: [...session.flags] };
  if (session.stoppedAt === null) {
    takeReadings(state, updated, request.meterValue, now);
    const lastAt = parseTime(request.meterValue.at(-1)?.timestamp ?? "");
    hearClock(step, session, message.raw === undefined ? lastAt : undefined);
  }
  const entry: LogEntry = {
    sequence: state.log.lastSequence + 1,
    at: now,
    action: "MeterValues",
    transactionId: session.transactionId,
    connectorId: request.connectorId,
    payload,
    ...message.raw !== undefined && { raw: message.raw },
  };
  store(step, {
    type: "meter",
    connection: message.connection,
    id: message.id,
    session: updated,
    entry,
  }, [{ table: "log", entry }, { table: "session", session: updated }]);
}

/** Values outside of a running session: those of the main meter tell of sessions all the same. */
function tellLooseValues(step: Step, request: MeterValuesRequest): void {
  const { state } = step;
  const { transactionId, ...payload } = request;
  const named = transactionId === undefined ? undefined : sessionByChargerId(state, transactionId);
  const main = request.connectorId === 0 ? openSessions(state) : [];
  const about = named ? [named, ...main] : main;
  const may = (backend: Backend) => about.every((item) => mayKnow(backend, item.backendId));
  notifySubset(step, "MeterValues", payload, may);
  const event = meterEvent(payload);
  step.effects.push({ type: "publish", event });
  for (const backend of state.backends.values()) {
    if (may(backend)) emitJsonTo(step, backend.id, event);
  }
}

function takeReadings(
  state: State,
  session: SessionRecord,
  meterValue: readonly MeterValue[],
  now: number,
): void {
  for (const { wh, at } of energyRegisterReadings(meterValue)) {
    const takenAt = timeByOurs(state, at ?? now, now);
    meterReading(session, wh, believedTime(session, takenAt, now));
    billReadings(state, session);
  }
}
