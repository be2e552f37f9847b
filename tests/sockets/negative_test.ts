// Every defect of every request through real sockets: who is refused with what, and who is forgiven.

import assert from "node:assert/strict";
import { ACTIONS, type Sender } from "../../src/ocpp/action.ts";
import type { ErrorCode } from "../../src/ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { type Defect, defects } from "../ocpp/defect.ts";
import { isPublishedValid } from "../ocpp/oracle.ts";
import { strictDialInBackend } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { type RawAnswer, RawPeer } from "./raw_peer.ts";
import { Stage } from "./stage.ts";

const HOUSE = `
charger: { id: CP1 }
backends:
  - { id: strict, token: s, role: observer, sees: all }
  - { id: admin, token: a, role: admin }
`;

const BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]';

interface Row extends Defect {
  readonly action: Action;
  readonly id: string;
}

/** The defects of every request that this side does not send; `sender` is the other side. */
function rowsNotOf(sender: Sender): Row[] {
  const names = Object.keys(ACTIONS) as Action[];
  return names.filter((action) => ACTIONS[action].sender !== sender)
    .flatMap((action) => defects(action, "request").map((defect) => ({ action, ...defect })))
    .map((row, index) => ({ ...row, id: `d${index}` }));
}

/** Sends all of them at once, and waits until each has been answered, once. */
async function answersTo(peer: RawPeer, rows: readonly Row[]): Promise<Map<unknown, RawAnswer>> {
  const answers = () => peer.frames.filter(([type, id]) => type !== 2 && id !== "boot");
  for (const { id, action, payload } of rows) peer.send(stringifyJson([2, id, action, payload]));
  await until(() => answers().length >= rows.length, 30_000, "all answers");
  const byId = new Map(answers().map((frame) => [frame[1], frame]));
  assert.equal(answers().length, rows.length);
  assert.equal(byId.size, rows.length);
  return byId;
}

async function withHouse(
  test: (charger: RawPeer, admin: RawPeer) => Promise<void>,
): Promise<void> {
  await using stage = await Stage.open(HOUSE);
  const strict = await strictDialInBackend(stage.backendUrl, "strict", "s");
  const admin = await RawPeer.connect(`${stage.backendUrl}/admin`, "a");
  const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
  try {
    await charger.ask(BOOT, "boot");
    await test(charger, admin);
    await charger.settle();
    assert.deepEqual(strict.violations, []);
    assert.deepEqual(stage.complaints(), []);
    assert.equal(charger.closed ?? admin.closed, undefined);
  } finally {
    await Promise.all([charger.close(), admin.close(), strict.close()]);
  }
}

Deno.test("a backend's request with any defect gets the code for it, and the charger none of it", () =>
  withHouse(async (charger, admin) => {
    const rows = rowsNotOf("charge_point");
    const asked = () => charger.calls.map(([, , action]) => action);
    const before = asked().length;
    const answers = await answersTo(admin, rows);
    for (const { id, action, what, code } of rows) {
      const [type, , given, description] = answers.get(id)!;
      assert.deepEqual([type, given], [4, code], `${action}: ${what}`);
      assert.ok(String(description).length <= 255);
    }
    // The proxy asks for things of its own after a boot, which no defect contains.
    const own = asked().slice(before).filter((action) => action !== "GetConfiguration");
    assert.deepEqual(own, []);
    console.log(`${rows.length} defects of a backend's requests: ${rows.length} refused`);
  }));

/**
 * A charger is never refused for what is in a message that it may send: it would forget a
 * transaction, repeat the same message for ever or stop at its boot. What is of no use, because a
 * field is missing that nothing can stand in for, has the answer that promises nothing.
 */
const OF_NO_USE: Readonly<Record<string, JsonObject>> = {
  Authorize: { idTagInfo: { status: "Invalid" } },
  DataTransfer: { status: "UnknownVendorId" },
  DiagnosticsStatusNotification: {},
  FirmwareStatusNotification: {},
  LogStatusNotification: {},
  MeterValues: {},
  SecurityEventNotification: {},
  SignCertificate: { status: "Rejected" },
  SignedFirmwareStatusNotification: {},
  StatusNotification: {},
};

/** The time of receipt stands in for one, NoError for the other. */
const HAVE_STAND_INS = ["timestamp", "errorCode"];

/** Whether a field of the message itself has nothing in it, of the ones that it cannot do without. */
function isOfNoUse({ what, action }: Row, required: readonly Row[]): boolean {
  const [, name = ""] = /^(\w+) is (?:missing|null|an empty object)$/.exec(what) ?? [];
  if (HAVE_STAND_INS.includes(name)) return false;
  return required.some((row) => row.action === action && row.what === `${name} is missing`);
}

Deno.test("a charger's request with any defect has a valid answer, which promises nothing", () =>
  withHouse(async (charger) => {
    const rows = rowsNotOf("central_system");
    const answers = await answersTo(charger, rows);
    const required = rows.filter(({ keyword }) => keyword === "required");
    let useless = 0;
    for (const row of rows) {
      const { id, action, what } = row;
      const [type, , payload] = answers.get(id)!;
      assert.equal(type, 3, `${action}: ${what}`);
      const isValid = isPublishedValid(action, "confirmation", payload as JsonObject);
      assert.ok(isValid, `${action}: ${what}: ${JSON.stringify(payload)}`);
      const expected = OF_NO_USE[action];
      if (expected === undefined || !isOfNoUse(row, required)) continue;
      assert.deepEqual(payload, expected, `${action}: ${what}`);
      useless++;
    }
    console.log(
      `${rows.length} defects of a charger's requests: all answered, ${useless} of no use`,
    );
  }));

/** A CALL that is no message, and the code of its answer. */
const FRAMES: readonly (readonly [text: string, code: ErrorCode])[] = [
  ['[2,"x","Explode",{}]', "NotImplemented"],
  ['[2,"x","heartbeat",{}]', "NotImplemented"],
  ['[2,"x","__proto__",{}]', "NotImplemented"],
  ['[2,"x","",{}]', "NotImplemented"],
  ['[2,"x","DataTransfer"]', "FormationViolation"],
  ['[2,"x","DataTransfer",{},{}]', "FormationViolation"],
  ['[2,"x",5,{}]', "FormationViolation"],
  ['[2,"x",{},"DataTransfer"]', "FormationViolation"],
  ['[2,"x","DataTransfer",[]]', "FormationViolation"],
  ['[2,"x","DataTransfer","{}"]', "FormationViolation"],
  ['[2,"x","DataTransfer",1]', "FormationViolation"],
  ['[2,"x","DataTransfer",true]', "FormationViolation"],
  ['[2,"x","DataTransfer",{"vendorId"', "FormationViolation"],
];

Deno.test("a frame that is no message is refused with the same code on both sides", () =>
  withHouse(async (charger, admin) => {
    for (const [text, code] of FRAMES) {
      for (const peer of [admin, charger]) {
        assert.deepEqual((await peer.ask(text, "x")).slice(0, 3), [4, "x", code], text);
      }
    }
  }));

Deno.test("an action that only the other side sends is refused on both sides", () =>
  withHouse(async (charger, admin) => {
    for (const [action, { sender }] of Object.entries(ACTIONS)) {
      if (sender === "both") continue;
      // Chargers hear what they would from a central system that has never heard of it.
      const [peer, code] = sender === "charge_point"
        ? [admin, "NotSupported"] as const
        : [charger, "NotImplemented"] as const;
      const answer = await peer.ask(`[2,"${action}","${action}",{}]`, action);
      assert.deepEqual(answer.slice(0, 3), [4, action, code]);
    }
  }));
