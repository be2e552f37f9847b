// Nothing that may not stand in a recording does, and frames stay as they are in all else.

import { deepEqual, doesNotMatch, equal, match, notEqual } from "node:assert/strict";
import type { Event } from "../../src/core/event.ts";
import { comparable } from "../../src/core/id_tag.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { pseudonyms } from "../../src/recording/pseudonym.ts";
import { learnTags, scrubEvent, scrubValue } from "../../src/recording/scrub.ts";
import { type Scrub, scrubText } from "../../src/recording/scrub_text.ts";
import { configuration } from "../core/harness.ts";

const TAG = "04A2B3C4D5";
const standIn = pseudonyms("c".repeat(64));
const scrub = (): Scrub => ({ pseudonym: standIn, known: new Set() });
const text = (frame: string) => scrubText(scrub(), frame);

const FRAMES: readonly (readonly [frame: string, expected: string])[] = [
  [`[2,"1","Authorize",{"idTag":"${TAG}"}]`, `[2,"1","Authorize",{"idTag":"${standIn(TAG)}"}]`],
  [
    `[2, "1" ,"Authorize",\n{ "idTag" : "${TAG}" }]`,
    `[2, "1" ,"Authorize",\n{ "idTag" : "${standIn(TAG)}" }]`,
  ],
  // Cut off in the middle of the tag, before and after a backslash.
  [`[2,"1","Authorize",{"idTag":"04A2B3C`, `[2,"1","Authorize",{"idTag":"${standIn("04A2B3C")}`],
  [`[2,"1","Authorize",{"idTag":"${TAG}"`, `[2,"1","Authorize",{"idTag":"${standIn(TAG)}"`],
  // A number, and a name that is written with an escape.
  [
    `[2,"1","Authorize",{"idTag":12345678}]`,
    `[2,"1","Authorize",{"idTag":${standIn("12345678")}}]`,
  ],
  [`[2,"1","A",{"id\\u0054ag":"${TAG}"}]`, `[2,"1","A",{"id\\u0054ag":"${standIn(TAG)}"}]`],
  [
    `[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag":"${TAG}"}}]`,
    `[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag":"${standIn(TAG)}"}}]`,
  ],
  [`{"action":"x","id_tag":"${TAG}"}`, `{"action":"x","id_tag":"${standIn(TAG)}"}`],
  // JSON in a text.
  [
    `[2,"1","DataTransfer",{"vendorId":"v","data":"{\\"idTag\\":\\"${TAG}\\"}"}]`,
    `[2,"1","DataTransfer",{"vendorId":"v","data":"{\\"idTag\\":\\"${standIn(TAG)}\\"}"}]`,
  ],
  // What only looks like one.
  [`[2,"idTag","Heartbeat",{}]`, `[2,"idTag","Heartbeat",{}]`],
  [
    `[2,"1","MeterValues",{"x":["idTag","${TAG}"]}]`,
    `[2,"1","MeterValues",{"x":["idTag","${TAG}"]}]`,
  ],
];

for (const [frame, expected] of FRAMES) {
  Deno.test(`tags have stand-ins in ${JSON.stringify(frame).slice(0, 60)}`, () => {
    equal(text(frame), expected);
    const [before, after] = [parseFrame(frame), parseFrame(expected)];
    equal(before.type, after.type);
    if (before.type === "malformed") deepEqual(before, after);
  });
}

Deno.test("of tags that are no tags, long ones, nothing is remembered", () => {
  const seen = scrub();
  scrubText(seen, `[2,"1","Authorize",{"idTag":"${"A".repeat(1_000)}"}]`);
  equal(seen.known.size, 0);
});

Deno.test("a fact of the house may have any name and any text", () => {
  const texts = ["[oops", "[1]", "[]", '[1,{"a":2}]'];
  for (const startKey of texts) {
    const fact: Event = { type: "fact", name: "sensor.a", value: null, attributes: { startKey } };
    equal(scrubEvent(scrub(), fact).type, "fact");
  }
});

Deno.test("without stand-ins, tags stay and secrets do not", () => {
  const raw: Scrub = { pseudonym: undefined, known: new Set() };
  const frame = `[2,"1","Authorize",{"idTag":"${TAG}"}]`;
  equal(scrubText(raw, frame), frame);
  doesNotMatch(scrubText(raw, SECRETS[0]!), /hunter2/);
});

const SECRETS = [
  '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter2"}]',
  '[2,"1","ChangeConfiguration",{"value":"hunter2","key":"AuthorizationKey"}]',
  '[3,"1",{"configurationKey":[{"key":"A","readonly":true,"value":"keep"},{"key":"WifiPassword","readonly":false,"value":"hunter2"}]}]',
  '[2,"1","GetDiagnostics",{"location":"ftp://user:hunter2@host/path"}]',
  '[2,"1","DataTransfer",{"vendorId":"v","data":"{\\"password\\":\\"hunter2\\"}"}]',
  '{"action":"subscribe","token":"hunter2"}',
];

for (const frame of SECRETS) {
  Deno.test(`no secret is left of ${frame}`, () => {
    doesNotMatch(text(frame), /hunter2/);
    equal(parseFrame(text(frame)).type, parseFrame(frame).type);
    if (frame.includes("keep")) match(text(frame), /keep/);
  });
}

Deno.test("a known tag is found as the value of a configuration key, and as a fact", () => {
  const known = scrub();
  learnTags(known, configuration({ idTags: [{ tag: TAG, owner: true, action: "allow" }] }));
  const frame = `[2,"1","ChangeConfiguration",{"key":"PlugAndChargeIdentifier","value":"${TAG}"}]`;
  doesNotMatch(scrubText(known, frame), /04A2/);
  const fact = { type: "fact", name: "sensor.card", value: "04:a2:b3:c4:d5" } as const;
  notEqual(JSON.stringify(scrubEvent(known, fact)), JSON.stringify(fact));
});

Deno.test("the configuration: table, other names, rules, and what stands in a URL", () => {
  const core = configuration({
    idTags: [{
      tag: TAG,
      owner: true,
      action: "allow",
      sendAs: new Map([["employer", "NL-EMP-0001"]]),
    }],
    rules: [{
      name: "one card",
      when: `id_tag == "${TAG}" || id_tag in ["FFEEDDCC"] || id_tag.startsWith("04")`,
      then: "deny",
      askTimeoutMs: 1,
      default: "deny",
      onUnknown: "deny",
    }],
  });
  const known = scrub();
  const clean = scrubValue(known, core);
  equal(clean.idTags[0]?.tag, standIn(TAG));
  equal(clean.idTags[0]?.sendAs?.get("employer"), standIn("NL-EMP-0001"));
  const when = `id_tag == "${standIn(TAG)}" || id_tag in ["${standIn("FFEEDDCC")}"] || ` +
    'id_tag.startsWith("04")';
  equal(clean.rules[0]?.when, when);
  equal(core.idTags[0]?.tag, TAG, "the configuration itself was changed");
  const url = { url: "wss://user:hunter2@host/path?token=hunter2" };
  deepEqual(scrubValue(known, url), { url: "wss://host/path" });
});

Deno.test("what the core remembers by a tag, or by what identifies a start, has stand-ins too", () => {
  const key = JSON.stringify([1, TAG.toLowerCase(), 0, "2026-01-01T00:00:00Z"]);
  const hiddenKey = JSON.stringify([1, standIn(TAG).toLowerCase(), 0, "2026-01-01T00:00:00Z"]);
  const hidden = comparable(standIn(TAG));
  const memory = {
    facts: new Map([["authorized_by", { [comparable(TAG)]: "employer" }]]),
    tagGrants: new Map([[comparable(TAG), { backendId: null }]]),
    sessions: [{ idTag: TAG, startKey: key }],
    sessionsByKey: new Map([[key, 7]]),
    virtual: { AuthorizationKey: "hunter2", HeartbeatInterval: "60" },
  };
  deepEqual(scrubValue(scrub(), memory), {
    facts: new Map([["authorized_by", { [hidden]: "employer" }]]),
    tagGrants: new Map([[hidden, { backendId: null }]]),
    sessions: [{ idTag: standIn(TAG), startKey: hiddenKey }],
    sessionsByKey: new Map([[hiddenKey, 7]]),
    virtual: { AuthorizationKey: "*******", HeartbeatInterval: "60" },
  });
});

Deno.test("objects that were one stay one", () => {
  const session = { idTag: TAG };
  const copy = scrubValue(scrub(), { list: [session], map: new Map([[1, session]]) });
  equal(copy.list[0], copy.map.get(1));
});
