// Who may do what: every command against role, control, charger and registration.

import assert from "node:assert/strict";
import type { Permission } from "../../src/core/configuration.ts";
import { requestControl } from "../../src/core/control.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { type Command, COMMANDS, profile, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

/** Contract, section 3, as it reads: permissions by role. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  observer: ["read"],
  biller: ["read", "start_stop"],
  controller: ["read", "start_stop", "limit", "reserve", "unlock"],
  admin: [
    "read",
    "start_stop",
    "limit",
    "guard",
    "reserve",
    "unlock",
    "configure",
    "availability",
    "reset",
    "firmware",
    "diagnostics",
    "local_list",
    "certificates",
    "data_transfer",
  ],
  "custom: reset alone": ["reset"],
  "custom: limit, but no start": ["receive", "limit"],
};

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

/** ocpp16.md 8.3: what a command needs, and how it is refused. */
const RULES: Readonly<
  Record<Command, { needs: string; control?: true; refusal: JsonObject | "SecurityError" }>
> = {
  CancelReservation: { needs: "reserve", refusal: REJECTED },
  CertificateSigned: { needs: "certificates", refusal: REJECTED },
  ChangeAvailability: { needs: "availability", refusal: REJECTED },
  ChangeConfiguration: { needs: "configure", refusal: REJECTED },
  ClearCache: { needs: "local_list", refusal: REJECTED },
  ClearChargingProfile: { needs: "limit", refusal: { status: "Unknown" } },
  DataTransfer: { needs: "data_transfer", refusal: REJECTED },
  DeleteCertificate: { needs: "certificates", refusal: { status: "Failed" } },
  ExtendedTriggerMessage: { needs: "read", refusal: REJECTED },
  GetCompositeSchedule: { needs: "read", refusal: REJECTED },
  GetConfiguration: { needs: "read", refusal: "SecurityError" },
  GetDiagnostics: { needs: "diagnostics", refusal: "SecurityError" },
  GetInstalledCertificateIds: { needs: "certificates", refusal: { status: "NotFound" } },
  GetLocalListVersion: { needs: "read", refusal: "SecurityError" },
  GetLog: { needs: "diagnostics", refusal: REJECTED },
  InstallCertificate: { needs: "certificates", refusal: REJECTED },
  RemoteStartTransaction: { needs: "start_stop", control: true, refusal: REJECTED },
  RemoteStopTransaction: { needs: "start_stop", refusal: REJECTED },
  ReserveNow: { needs: "reserve", control: true, refusal: REJECTED },
  Reset: { needs: "reset", refusal: REJECTED },
  SendLocalList: { needs: "local_list", refusal: { status: "Failed" } },
  SetChargingProfile: { needs: "limit", control: true, refusal: REJECTED },
  SignedUpdateFirmware: { needs: "firmware", refusal: REJECTED },
  TriggerMessage: { needs: "read", refusal: REJECTED },
  UnlockConnector: { needs: "unlock", control: true, refusal: { status: "UnlockFailed" } },
  UpdateFirmware: { needs: "firmware", refusal: "SecurityError" },
};

/** What is nobody's yet: without a profile, reservation or transaction there is nothing to do. */
const NEEDS_SOMETHING: ReadonlySet<Command> = new Set([
  "CancelReservation",
  "ClearChargingProfile",
  "RemoteStopTransaction",
]);

type Control = "holder" | "other holds" | "none";
type Situation = { role: string; control: Control; online: boolean; accepted: boolean };

function situations(): Situation[] {
  const list: Situation[] = [];
  for (const role of Object.keys(MAY)) {
    for (const control of ["holder", "other holds", "none"] as const) {
      for (const online of [true, false]) {
        for (const accepted of [true, false]) list.push({ role, control, online, accepted });
      }
    }
  }
  return list;
}

/** The stage for one situation; undefined: a role without control cannot hold it. */
function stage(
  { role, control, online, accepted }: Situation,
  command: Command,
): Harness | undefined {
  const custom = role.startsWith("custom");
  const h = new Harness(
    configuration({
      backends: [
        custom
          ? backend("b", "observer", { permissions: new Set(MAY[role] as Permission[]) })
          : backend("b", role as "admin"),
        backend("other", "controller"),
      ],
    }),
    command !== "GetConfiguration",
  );
  h.bootCharger();
  h.attach("other");
  if (accepted) {
    h.attach("b");
  } else {
    h.connectBackend("b");
    const currentTime = "2026-11-22T12:00:00Z";
    h.backendAnswers("b", { status: "Pending", currentTime, interval: 600 });
  }
  if (control !== "none") {
    const backendId = control === "holder" ? "b" : "other";
    const step = { state: h.state, now: h.now, effects: [] };
    const verdict = requestControl(step, {
      backendId,
      action: "test",
      permission: undefined,
      connectorId: undefined,
    });
    if (verdict.type !== "granted") {
      assert.equal(verdict.type === "denied" && verdict.code, "not_permitted");
      return undefined;
    }
  }
  if (!online) h.disconnectCharger();
  return h;
}

function expected(command: Command, { role, control, online, accepted }: Situation) {
  const { needs, control: takesControl, refusal } = RULES[command];
  const refused = { answer: refusal, reaches: false };
  if (!MAY[role]!.includes(needs)) return refused;
  // The proxy answers by itself: it has no profile of this backend.
  if (command === "GetCompositeSchedule") return { answer: ACCEPTED, reaches: false };
  const guards = command === "SetChargingProfile" && MAY[role]!.includes("guard");
  if (takesControl && ((control === "other holds" && !guards) || !accepted)) return refused;
  if (NEEDS_SOMETHING.has(command)) return refused;
  if (!online) {
    return { answer: refusal === "SecurityError" ? "GenericError" : refusal, reaches: false };
  }
  return { answer: COMMANDS[command][1] as JsonObject, reaches: true };
}

for (const command of Object.keys(COMMANDS) as Command[]) {
  Deno.test(`${command}: one valid answer for every role, control, charger and registration`, () => {
    let reached = 0;
    for (const situation of situations()) {
      const h = stage(situation, command);
      if (h === undefined) continue;
      const before = h.callsToCharger().length;
      h.backendCalls("b", command, COMMANDS[command][0] as JsonObject, "x");
      const sent = h.callsToCharger().slice(before);
      const wanted = expected(command, situation);
      const text = `${command}, ${JSON.stringify(situation)}`;
      assert.equal(sent.length, wanted.reaches ? 1 : 0, text);
      if (sent.length === 1) {
        reached++;
        assert.equal(sent[0]!.action, command, text);
        assert.equal(h.answersTo("b", "x").length, 0, `${text}: answered before the charger`);
        h.chargerAnswers(COMMANDS[command][1] as JsonObject);
      }
      const answer = soleAnswer(h, "b", "x", command);
      if (command === "GetConfiguration" && wanted.reaches) continue;
      assert.deepEqual(answer, wanted.answer, text);
    }
    assert.equal(reached > 0, !NEEDS_SOMETHING.has(command) && command !== "GetCompositeSchedule");
  });
}

Deno.test("a charging profile needs `limit` in a RemoteStartTransaction too", () => {
  const started = (["biller", "controller"] as const).map((role) => {
    const h = new Harness(configuration({ backends: [backend("b", role)] }));
    h.bootCharger();
    h.attach("b");
    const chargingProfile = profile(0, { chargingProfilePurpose: "TxProfile" });
    h.backendCalls("b", "RemoteStartTransaction", { connectorId: 1, idTag: "x", chargingProfile });
    return h.callsToCharger("RemoteStartTransaction").length;
  });
  assert.deepEqual(started, [0, 1]);
});

Deno.test("a denied command changes no saved fact", () => {
  for (const command of Object.keys(COMMANDS) as Command[]) {
    for (const situation of situations()) {
      const { answer, reaches } = expected(command, situation);
      if (reaches || !situation.online || answer !== RULES[command].refusal) continue;
      const h = stage(situation, command);
      if (h === undefined) continue;
      const facts = new Map(h.tables.facts);
      h.backendCalls("b", command, COMMANDS[command][0] as JsonObject, "x");
      assert.deepEqual(h.tables.facts, facts, `${command}, ${JSON.stringify(situation)}`);
    }
  }
});

Deno.test("a backend without `receive` is told nothing, and one with is told everything", () => {
  const h = new Harness(configuration({
    backends: [
      backend("deaf", "observer", { permissions: new Set(["read"]) }),
      backend("hears", "observer"),
    ],
  }));
  h.bootCharger();
  h.attach("deaf");
  h.attach("hears");
  assert.deepEqual(h.callsToBackend("deaf").map(({ action }) => action), ["BootNotification"]);
  const before = h.callsToBackend("deaf").length;
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Preparing",
  });
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 0,
    timestamp: "2026-11-22T12:00:01Z",
  });
  h.serve("hears");
  assert.equal(h.callsToBackend("deaf").length, before);
  assert.deepEqual(h.callsToBackend("hears").slice(-2).map(({ action }) => action), [
    "StatusNotification",
    "StartTransaction",
  ]);
});
