// A start that a backend has commanded, and the owner's word that comes before the car does.

import assert from "node:assert/strict";
import { outcome } from "./command_fixture.ts";
import { resultOf, startRequest } from "./charging.ts";
import type { OwnerMode } from "../../src/core/event.ts";
import type { SessionRecord } from "../../src/core/record.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const SHUT: OwnerMode = { mode: "owner_only" };

function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const backends = [backend("solar", "controller"), backend("grid", "controller")];
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id);
  return h;
}

function command(h: Harness, id: string): void {
  h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: "CAR" }, `${id}-start`);
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

/** The car begins; what the charger hears, and the books. */
function begin(h: Harness): [status: unknown, session: SessionRecord] {
  const answer = resultOf(h.chargerCalls("StartTransaction", startRequest({ idTag: "CAR" })));
  return [(answer.idTagInfo as { status: string }).status, [...h.tables.sessions.values()].at(-1)!];
}

Deno.test("a start whose backend was shut out before the car came is refused and stopped", () => {
  for (const when of ["before its confirmation", "after it"]) {
    const h = stage();
    command(h, "solar");
    if (when === "after it") h.chargerAnswers(ACCEPTED);
    h.event({ type: "owner", mode: SHUT });
    if (when === "before its confirmation") h.chargerAnswers(ACCEPTED);
    const [status, session] = begin(h);
    assert.equal(status, "Blocked", when);
    assert.equal(session.backendId, "solar", "it is booked to whoever commanded it");
    assert.deepEqual(h.callsToCharger("RemoteStopTransaction").map(({ payload }) => payload), [
      { transactionId: session.transactionId },
    ], when);
    assert.equal(h.tables.decisions.at(-1)?.reason, "denied: the owner has switched sharing off");
  }
});

Deno.test("its card is refused, too, unless it is another's in the table", () => {
  for (const idTags of [[], [{ tag: "CAR", owner: true, action: "allow" as const }]]) {
    const h = stage({ idTags });
    command(h, "solar");
    h.chargerAnswers(ACCEPTED);
    h.event({ type: "owner", mode: SHUT });
    const shown = outcome(h.chargerCalls("Authorize", { idTag: "CAR" }));
    const own = idTags.length > 0;
    assert.deepEqual(shown, { idTagInfo: { status: own ? "Accepted" : "Blocked" } });
    const [status, session] = begin(h);
    assert.equal(status, own ? "Accepted" : "Blocked");
    assert.equal(session.backendId, own ? null : "solar");
  }
});

Deno.test("a start under way of a backend that was shut out is in nobody's way", () => {
  const h = stage();
  command(h, "solar");
  h.chargerAnswers(ACCEPTED);
  h.event({ type: "owner", mode: { mode: "backend", backendId: "grid" } });
  command(h, "grid");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("grid", "grid-start")), ACCEPTED);
});

Deno.test("what began after a fault took control away is still booked to whoever commanded it", () => {
  const h = stage();
  command(h, "solar");
  h.chargerAnswers(ACCEPTED);
  const status = (word: string) =>
    h.chargerCalls("StatusNotification", { connectorId: 1, status: word, errorCode: "NoError" });
  status("Faulted");
  assert.equal(holder(h), undefined);
  status("Preparing");
  h.chargerCalls("StartTransaction", startRequest({ idTag: "CAR" }));
  h.serve("solar");
  assert.equal([...h.tables.sessions.values()].at(-1)!.backendId, "solar");
  assert.equal(holder(h), "solar");
});
