// Id tags under several names: what a backend is told, and what it means by what it sends.

import assert from "node:assert/strict";
import type { IdTagConfiguration } from "../../src/core/configuration.ts";
import { comparable, tagFor, tagFrom } from "../../src/core/id_tag.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { books, startRequest, stop } from "./charging.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };

/** The company's car: its employer knows it by a contract number alone. */
const CAR: IdTagConfiguration = {
  tag: "04FFEE0011",
  owner: false,
  backend: "employer",
  action: "allow",
  sendAs: new Map([["employer", "NL-EMP-0001"], ["script", "car"]]),
};

/** Two cards whose names the employer has the other way round. */
const SWAPPED: readonly IdTagConfiguration[] = [
  { tag: "ONE", owner: true, action: "allow", sendAs: new Map([["employer", "TWO"]]) },
  { tag: "TWO", owner: true, action: "allow", sendAs: new Map([["employer", "ONE"]]) },
];

function create(idTags: readonly IdTagConfiguration[] = [CAR]): Harness {
  return new Harness(configuration({
    backends: [
      backend("employer", "admin"),
      backend("evcc", "admin"),
      backend("script", "controller", { durable: true }),
    ],
    idTags,
  }));
}

/** Everybody is there; the employer gives 11 and evcc 22 as transaction ids. */
function stage(idTags?: readonly IdTagConfiguration[]): Harness {
  const h = create(idTags);
  h.bootCharger();
  h.attach("employer", () => 11);
  h.attach("evcc", () => 22);
  h.connectBackend("script", "json");
  return h;
}

/** A transaction begins, and everybody has heard of it; the proxy's id. */
function begin(h: Harness, idTag: string): number {
  h.chargerCalls("StartTransaction", startRequest({ idTag }));
  h.serve("employer", () => 11);
  h.serve("evcc", () => 22);
  return books(h).at(-1)!.transactionId;
}

function tagsSent(h: Harness, backendId: string): [string, unknown][] {
  return h.callsToBackend(backendId)
    .filter(({ action }) => action === "StartTransaction" || action === "StopTransaction")
    .map(({ action, payload }) => [action, payload.idTag]);
}

function events(h: Harness, type: string): JsonObject[] {
  return h.received("script").map(({ text }) => JSON.parse(text))
    .filter((event) => event.type === type);
}

Deno.test("tags are equal whatever their case and separators", () => {
  const equal = [["04a2", "04A2"], ["04:A2:b3", "04-a2 B3"], ["NL.1", "nl1"]] as const;
  for (const [a, b] of equal) assert.equal(comparable(a), comparable(b), `${a} ${b}`);
  const different = [["04A2", "04A3"], ["-", ""], ["-", ":"], ["1", "01"]] as const;
  for (const [a, b] of different) assert.notEqual(comparable(a), comparable(b), `${a} ${b}`);
});

Deno.test("a tag goes out as the backend knows it, and comes back as the charger reads it", () => {
  const { state } = create([CAR, ...SWAPPED]);
  const cases: [backendId: string, household: string, theirs: string][] = [
    ["employer", "04FFEE0011", "NL-EMP-0001"],
    ["script", "04FFEE0011", "car"],
    ["evcc", "04FFEE0011", "04FFEE0011"],
    ["employer", "ONE", "TWO"],
    ["employer", "TWO", "ONE"],
    ["employer", "unheard-of", "unheard-of"],
  ];
  for (const [backendId, household, theirs] of cases) {
    assert.equal(tagFor(state, backendId, household), theirs);
    assert.equal(tagFrom(state, backendId, theirs), household);
  }
  assert.equal(tagFor(state, "employer", "04:ff:ee:00:11"), "NL-EMP-0001");
  assert.equal(tagFrom(state, "employer", "nl emp 0001"), "04FFEE0011");
  assert.equal(tagFrom(state, "evcc", "NL-EMP-0001"), "NL-EMP-0001");
});

Deno.test("a session reaches each backend under the tag that it knows", () => {
  const h = stage();
  const transactionId = begin(h, "04ffee0011");
  stop(h, transactionId, 60, 1_500, { idTag: "04FFEE0011" });
  h.serve("employer", () => 11);
  h.serve("evcc", () => 22);
  assert.deepEqual(tagsSent(h, "employer"), [
    ["StartTransaction", "NL-EMP-0001"],
    ["StopTransaction", "NL-EMP-0001"],
  ]);
  assert.deepEqual(tagsSent(h, "evcc"), [
    ["StartTransaction", "04ffee0011"],
    ["StopTransaction", "04FFEE0011"],
  ]);
  assert.deepEqual(
    ["transaction_started", "transaction_stopped", "session"].map((type) =>
      events(h, type).map((event) => event.id_tag)
    ),
    [["car"], ["car"], ["car"]],
  );
  assert.deepEqual(books(h).map(({ idTag, backendId }) => [idTag, backendId]), [
    ["04ffee0011", "employer"],
  ]);
  assert.equal(h.tables.log[0]?.payload.idTag, "04ffee0011");
});

Deno.test("what is sent again after a restart is byte for byte what was sent before", () => {
  const h = stage();
  const texts = () =>
    h.received("employer").filter(({ text }) => text.includes('"StartTransaction"'))
      .map(({ text }) => text);
  h.chargerCalls("StartTransaction", startRequest({ idTag: "04FFEE0011" }));
  h.crash();
  h.bootCharger();
  h.attach("employer", () => 11);
  assert.equal(texts().length, 2);
  assert.equal(texts()[0], texts()[1]);
  assert.match(texts()[0]!, /"idTag":"NL-EMP-0001"/);
  h.connectBackend("script", "json");
  assert.equal(events(h, "transaction_started").at(-1)?.id_tag, "car");
});

Deno.test("a RemoteStartTransaction with the backend's own tag starts with the household's", () => {
  const h = stage();
  const asked = h.backendCalls("employer", "RemoteStartTransaction", { idTag: "nl-emp-0001" }, "r");
  assert.equal(asked, undefined);
  assert.equal(h.lastCallToCharger().payload.idTag, "04FFEE0011");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("employer", "r")), ACCEPTED);
  begin(h, "04FFEE0011");
  assert.deepEqual(books(h).map(({ backendId, bookedBy }) => [backendId, bookedBy]), [
    ["employer", "remote_start"],
  ]);
  assert.deepEqual(tagsSent(h, "employer"), [["StartTransaction", "NL-EMP-0001"]]);
});

Deno.test("tags that two cards have swapped are put right once, not twice", () => {
  const h = stage(SWAPPED);
  h.backendCalls("employer", "RemoteStartTransaction", { idTag: "ONE" });
  assert.equal(h.lastCallToCharger().payload.idTag, "TWO");
  h.chargerAnswers(ACCEPTED);
  begin(h, "TWO");
  assert.deepEqual(tagsSent(h, "employer"), [["StartTransaction", "ONE"]]);
});

Deno.test("a JSON backend starts with the name that it has for the card", () => {
  const h = stage();
  const request = { id: 1, action: "RemoteStartTransaction", connector_id: 1, id_tag: "CAR" };
  h.backendSays("script", JSON.stringify(request));
  assert.deepEqual(h.lastCallToCharger().payload, { connectorId: 1, idTag: "04FFEE0011" });
});

Deno.test("a reservation is for the card that the charger reads", () => {
  const h = stage();
  const expiryDate = "2026-11-22T13:00:00Z";
  const request = { connectorId: 1, expiryDate, idTag: "NL-EMP-0001", reservationId: 5 };
  h.backendCalls("employer", "ReserveNow", request);
  const { action, payload } = h.lastCallToCharger();
  assert.deepEqual([action, payload.idTag], ["ReserveNow", "04FFEE0011"]);
});

Deno.test("a local list names the cards that the charger reads, each once", () => {
  const idTagInfo = ACCEPTED;
  const cases: [sent: JsonObject[], received: JsonObject[]][] = [
    [
      [{ idTag: "NL-EMP-0001", idTagInfo }, { idTag: "OTHER", idTagInfo }],
      [{ idTag: "04FFEE0011", idTagInfo }, { idTag: "OTHER", idTagInfo }],
    ],
    [
      [{ idTag: "04ffee0011", idTagInfo: { status: "Blocked" } }, {
        idTag: "NL-EMP-0001",
        idTagInfo,
      }],
      [{ idTag: "04FFEE0011", idTagInfo }],
    ],
    [[{ idTag: "NL-EMP-0001" }], [{ idTag: "04FFEE0011" }]],
    // What the charger thinks of a list with repetitions is its own to say.
    [[{ idTag: "A", idTagInfo }, { idTag: "a", idTagInfo }], [{ idTag: "A", idTagInfo }, {
      idTag: "a",
      idTagInfo,
    }]],
  ];
  for (const [localAuthorizationList, received] of cases) {
    const h = stage();
    const updateType = "Differential";
    h.backendCalls("employer", "SendLocalList", {
      listVersion: 1,
      updateType,
      localAuthorizationList,
    });
    assert.deepEqual(h.lastCallToCharger().payload, {
      listVersion: 1,
      updateType,
      localAuthorizationList: received,
    });
  }
  const h = stage();
  h.backendCalls("employer", "SendLocalList", { listVersion: 2, updateType: "Full" });
  assert.deepEqual(h.lastCallToCharger().payload, { listVersion: 2, updateType: "Full" });
});
