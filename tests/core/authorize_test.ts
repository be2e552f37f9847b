// Authorize: the household's table, the backend that started, the backends that may, in time.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const YES = { idTagInfo: { status: "Accepted" } };
const NO = { idTagInfo: { status: "Invalid" } };

/** Two billers, `best` before `other`, and a controller that is never asked. */
function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const backends = [
    backend("other", "biller", { priority: 1 }),
    backend("best", "biller", { priority: 5 }),
    backend("evcc", "controller", { priority: 99 }),
  ];
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id);
  return h;
}

/** While somebody is home, no backend's card may charge. */
const PRESENCE = {
  presenceSensor: "sensor.home",
  facts: [{ name: "sensor.home", maxAgeMs: 60_000 }],
};

/** The charger's Authorize; its answer so far. */
function authorize(h: Harness, idTag = "TAG", id = "auth") {
  return outcome(h.chargerCalls("Authorize", { idTag }, id));
}

/** The answers that the charger has got to that Authorize. */
function answers(h: Harness, id = "auth"): JsonObject[] {
  return h.charger.map(({ text }) => JSON.parse(text)).filter((frame) => frame[1] === id)
    .map((frame) => frame[2]);
}

function bookedTo(h: Harness, idTag: string): unknown[] {
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag,
    meterStart: 0,
    timestamp: new Date(h.now).toISOString(),
  });
  const session = [...h.tables.sessions.values()].at(-1);
  return [session?.backendId, session?.bookedBy];
}

Deno.test("the id-tag table decides at once, whatever case and separators the charger sends", () => {
  const h = stage({
    idTags: [
      { tag: "04A2B3C4", owner: true, action: "allow" },
      { tag: "04-FF-EE-00", owner: false, action: "deny" },
      { tag: "WORK", owner: false, backend: "other", action: "allow" },
    ],
  });
  for (const tag of ["04A2B3C4", "04a2b3c4", "04:A2:B3:C4", "04 a2-b3.c4"]) {
    assert.deepEqual(authorize(h, tag), YES, tag);
  }
  assert.deepEqual(authorize(h, "04ffee00"), { idTagInfo: { status: "Blocked" } });
  assert.deepEqual(authorize(h, "work"), YES);
  assert.equal(h.callsToBackend("best", "Authorize").length, 0);
  assert.deepEqual(bookedTo(h, "work"), ["other", "id_tag"]);
});

Deno.test("N20: backends that may authorise are asked at once, and nobody else", () => {
  const h = stage();
  assert.equal(authorize(h, "Some Tag"), undefined);
  for (const id of ["best", "other"]) {
    assert.deepEqual(h.callsToBackend(id, "Authorize").map(({ payload }) => payload), [
      { idTag: "Some Tag" },
    ]);
  }
  assert.equal(h.callsToBackend("evcc", "Authorize").length, 0);
});

Deno.test("N20: the best-ranked yes decides as soon as nobody better may still speak", () => {
  const parent = { idTagInfo: { status: "Accepted", parentIdTag: "P" } };
  const cases: [string, [string, JsonObject][], JsonObject[]][] = [
    ["best at once", [["best", parent]], [parent]],
    ["other waits for best", [["other", YES]], []],
    ["best overrules", [["other", YES], ["best", parent]], [parent]],
    ["other when best refuses", [["best", NO], ["other", parent]], [parent]],
    ["the best no", [["other", { idTagInfo: { status: "Expired" } }], ["best", NO]], [NO]],
    ["no answer at all", [["other", {}], ["best", { idTagInfo: "?" }]], [YES]],
  ];
  for (const [name, given, expected] of cases) {
    const h = stage();
    authorize(h);
    for (const [id, answer] of given) h.backendAnswers(id, answer);
    assert.deepEqual(answers(h), expected, name);
  }
});

Deno.test("preferred_provider comes before any priority", () => {
  const h = stage({ preferredProvider: "other" });
  authorize(h);
  h.backendAnswers("best", NO);
  assert.deepEqual(answers(h), []);
  h.backendAnswers("other", YES);
  assert.deepEqual(answers(h), [YES]);
  authorize(h, "TAG", "two");
  h.backendAnswers("other", YES);
  assert.deepEqual(answers(h, "two"), [YES]);
});

Deno.test("the charger waits 2.5 s for the backends and not longer", () => {
  for (const [unknownIdTags, silent] of [["accept", YES], ["reject", NO]] as const) {
    const h = stage({ unknownIdTags });
    authorize(h);
    h.pass(2_499);
    assert.deepEqual(answers(h), []);
    h.pass(1);
    assert.deepEqual(answers(h), [silent]);
    h.backendAnswers("best", unknownIdTags === "accept" ? NO : YES);
    h.pass(60_000);
    assert.equal(answers(h).length, 1);
  }
});

Deno.test("at the deadline the best answer that came decides", () => {
  const h = stage({ unknownIdTags: "reject" });
  authorize(h);
  h.backendAnswers("other", YES);
  h.pass(2_500);
  assert.deepEqual(answers(h), [YES]);
  assert.deepEqual(bookedTo(h, "TAG"), ["other", "authorization"]);
});

Deno.test("nobody to ask: unknown tags are as configured", () => {
  for (const [unknownIdTags, expected] of [["accept", YES], ["reject", NO]] as const) {
    const h = stage({ unknownIdTags });
    h.disconnectBackend("best");
    h.disconnectBackend("other");
    assert.deepEqual(authorize(h), expected);
  }
});

Deno.test("Invalid from all is Invalid, also where unknown tags are accepted", () => {
  const h = stage({ unknownIdTags: "accept" });
  authorize(h);
  h.backendAnswers("best", NO);
  h.backendAnswers("other", NO);
  assert.deepEqual(answers(h), [NO]);
});

Deno.test("a backend that disconnects while it is asked holds nobody up", () => {
  const h = stage({ unknownIdTags: "reject" });
  authorize(h);
  h.backendAnswers("other", YES);
  h.disconnectBackend("best");
  assert.deepEqual(answers(h), [YES]);
  h.attach("best");
  authorize(h, "TAG2", "two");
  h.disconnectBackend("best");
  h.disconnectBackend("other");
  assert.deepEqual(answers(h, "two"), [NO]);
});

Deno.test("a backend whose slot is busy is not asked after the deadline", () => {
  const h = stage();
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Preparing",
  });
  authorize(h);
  assert.equal(h.callsToBackend("best", "Authorize").length, 0);
  h.pass(2_500);
  assert.deepEqual(answers(h), [YES]);
  h.serve("best");
  assert.equal(h.callsToBackend("best", "Authorize").length, 0);
});

Deno.test("who said yes gets the next session of the tag, also after a restart", () => {
  const h = stage();
  authorize(h, "tag-1");
  h.serve("best");
  h.serve("other");
  h.restart();
  h.bootCharger();
  assert.deepEqual(bookedTo(h, "TAG1"), ["best", "authorization"]);
  assert.deepEqual(bookedTo(h, "TAG2"), [null, "nobody"]);
});

Deno.test("a yes that comes too late for the charger still books the session", () => {
  const h = stage();
  authorize(h);
  h.pass(2_500);
  h.backendAnswers("other", YES);
  assert.deepEqual(answers(h), [YES]);
  assert.deepEqual(bookedTo(h, "TAG"), ["other", "authorization"]);
});

Deno.test("a backend that said yes once and says no now gets no session of the tag", () => {
  const h = stage();
  authorize(h);
  h.backendAnswers("best", YES);
  h.backendAnswers("other", NO);
  authorize(h, "TAG", "two");
  h.backendAnswers("best", NO);
  h.backendAnswers("other", NO);
  assert.deepEqual(answers(h, "two"), [NO]);
  assert.deepEqual(bookedTo(h, "TAG"), [null, "nobody"]);
});

Deno.test("a charger that asks twice is answered twice, and one that left is not answered", () => {
  const h = stage();
  authorize(h, "TAG", "one");
  authorize(h, "TAG", "two");
  for (const id of ["best", "other"]) h.serve(id);
  assert.deepEqual([answers(h, "one"), answers(h, "two")], [[YES], [YES]]);
  authorize(h, "TAG", "three");
  h.disconnectCharger();
  h.connectCharger();
  h.serve("best");
  h.pass(10_000);
  assert.deepEqual(answers(h, "three"), []);
});

Deno.test("a backend that has no say here is not asked, and its no counts for nothing", () => {
  const cases: [string, Parameters<typeof configuration>[0], asked: string[]][] = [
    ["blocked", { blockedProviders: ["best"] }, ["other"]],
    ["not listed", { allowedProviders: ["best"] }, ["best"]],
    ["no sharing", { allowSharedCharging: false }, []],
  ];
  for (const [name, changes, asked] of cases) {
    const h = stage(changes);
    const answered = authorize(h);
    const calls = ["best", "other"].filter((id) => h.callsToBackend(id, "Authorize").length > 0);
    assert.deepEqual(calls, asked, name);
    assert.deepEqual(answered, asked.length === 0 ? YES : undefined, name);
  }
});

Deno.test("a yes that the arbiter refuses counts as a no", () => {
  const h = stage(PRESENCE);
  h.event({ type: "fact", name: "sensor.home", value: "on" });
  authorize(h);
  h.serve("best");
  assert.deepEqual(answers(h), []);
  h.serve("other");
  assert.deepEqual(answers(h), [{ idTagInfo: { status: "Blocked" } }]);
  assert.deepEqual(
    h.tables.decisions.map(({ backendId, request, outcome }) => [backendId, request, outcome]),
    [["best", "Authorize", "denied"], ["other", "Authorize", "denied"]],
  );
  assert.deepEqual(bookedTo(h, "TAG"), [null, "nobody"]);
});

Deno.test("a yes that the arbiter has refused stays refused while others are waited for", () => {
  const h = stage(PRESENCE);
  h.event({ type: "fact", name: "sensor.home", value: "on" });
  authorize(h);
  h.serve("best");
  h.event({ type: "fact", name: "sensor.home", value: "off" });
  h.backendAnswers("other", NO);
  assert.deepEqual(answers(h), [{ idTagInfo: { status: "Blocked" } }]);
});

Deno.test("the next best decides where the arbiter refuses the best", () => {
  const rule = { name: "not the best", backends: ["best"], then: "deny" as const };
  const h = stage({
    rules: [{ ...rule, askTimeoutMs: 1, default: "deny", onUnknown: "deny" }],
  });
  authorize(h);
  const parent = { idTagInfo: { status: "Accepted", parentIdTag: "P" } };
  h.backendAnswers("other", parent);
  h.serve("best");
  assert.deepEqual(answers(h), [parent]);
  assert.match(h.tables.decisions.at(-2)!.reason, /^denied: rule 'not the best'/);
  assert.deepEqual(bookedTo(h, "TAG"), ["other", "authorization"]);
});

Deno.test("a card that a backend knew before is that backend's, also when nobody answers", () => {
  const h = stage();
  authorize(h);
  h.serve("best");
  h.serve("other");
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.deepEqual(authorize(h, "tag", "two"), { idTagInfo: { status: "Blocked" } });
  assert.equal(h.tables.decisions.at(-1)?.backendId, "best");
});

Deno.test("whose yes was the answer gets the session, whoever else says yes afterwards", () => {
  const h = stage();
  authorize(h);
  h.serve("other");
  h.pass(2_500);
  assert.deepEqual(answers(h), [YES]);
  h.serve("best");
  assert.deepEqual(bookedTo(h, "TAG"), ["other", "authorization"]);
});

Deno.test("N21: the backend that starts by remote is asked alone, and its yes is enough", () => {
  const h = stage(PRESENCE);
  h.event({ type: "fact", name: "sensor.home", value: "off" });
  h.backendCalls("other", "RemoteStartTransaction", { connectorId: 1, idTag: "RANDOM" });
  h.chargerAnswers({ status: "Accepted" });
  h.event({ type: "fact", name: "sensor.home", value: "on" });
  assert.equal(authorize(h, "RANDOM"), undefined);
  assert.equal(h.callsToBackend("best", "Authorize").length, 0);
  h.serve("other");
  assert.deepEqual(answers(h), [YES]);
  assert.deepEqual(h.tables.decisions.filter(({ request }) => request === "Authorize"), []);
});
