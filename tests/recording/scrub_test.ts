// Nothing that may not stand in a recording does, and frames stay as they are in all else.

import { deepEqual, doesNotMatch, equal, match, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import type { Event } from "../../src/core/event.ts";
import { comparable } from "../../src/core/id_tag.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { type Scrub, tagOf } from "../../src/recording/known_tag.ts";
import { pseudonyms } from "../../src/recording/pseudonym.ts";
import { learnTags, scrubEvent, scrubValue } from "../../src/recording/scrub.ts";
import { scrubText } from "../../src/recording/scrub_text.ts";
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
  '[2,"1","UpdateFirmware",{"location":"https://h/f.bin?X-Amz-Signature=hunter2&b=c","retrieveDate":"2026-05-01T10:00:00Z"}]',
  '[2,"1","DataTransfer",{"vendorId":"v","data":"get https:\\/\\/h\\/f.bin?apikey=hunter2 now"}]',
  '[2,"1","StatusNotification",{"connectorId":1,"info":"https://h/f#access=hunter2"}]',
  '[2,"1","DataTransfer",{"vendorId":"v","list":["ftp://user:hunter2@h/f"]}]',
  '[4,"1","GenericError","no answer of https://user:hunter2@h/f?b",{}]',
];

const SAID = [
  `[2,"1","StatusNotification",{"connectorId":1,"info":"card ${TAG} seen"}]`,
  `[2,"1","StatusNotification",{"connectorId":1,"info":"card=04:a2:b3:c4:d5;ok"}]`,
  `[2,"1","DataTransfer",{"vendorId":"v","data":"cards: 04 A2 B3 C4 D5, ${TAG}"}]`,
  `[2,"1","DataTransfer",{"vendorId":"v","list":["${TAG}"]}]`,
  `[4,"7","GenericError","card ${TAG} is unknown",{}]`,
];

for (const frame of SAID) {
  Deno.test(`a known tag is found among other words in ${frame}`, () => {
    const known = scrub();
    equal(scrubText(known, frame), frame, "nobody has seen it yet");
    tagOf(known, TAG);
    const scrubbed = scrubText(known, frame);
    doesNotMatch(scrubbed, /04.?a2.?b3/i);
    equal(scrubbed.length, frame.length);
    equal(parseFrame(scrubbed).type, parseFrame(frame).type);
  });
}

Deno.test("a known tag is found in whatever way it is written, among few known tags and among many", () => {
  for (const others of [0, 31, 32]) {
    const known = Array.from({ length: others }, (_, index) => `${index}deadbeef`);
    const ways = fc.array(fc.constantFrom("", "", ":", "-", ".", " ", "\\n", "\\t", "\\u0020"), {
      minLength: TAG.length - 1,
      maxLength: TAG.length - 1,
    });
    fc.assert(
      fc.property(ways, fc.boolean(), fc.boolean(), (between, lower, alone) => {
        const { pseudonym } = scrub();
        const written = [...TAG].map((character, index) =>
          (lower ? character.toLowerCase() : character) + (between[index] ?? "")
        ).join("");
        const frame = `[3,"1",{"x":"${alone ? "" : "card "}${written}"}]`;
        const scrubbed = scrubText(
          { pseudonym, known: new Set([...known, comparable(TAG)]) },
          frame,
        );
        const value = (text: string) => comparable(String(JSON.parse(text)[2].x));
        // A tag of more than ten words among others is beyond what is looked for.
        const words = between.filter((separator) => separator !== "").length + 1;
        ok(alone || words <= 9 ? !value(scrubbed).includes(comparable(TAG)) : true, scrubbed);
      }),
      { numRuns: 300 },
    );
  }
});

Deno.test("parts of numbers, of times, of message ids and of words are no tags", () => {
  const known = scrub();
  for (const tag of ["12345678", "20260501T10", "abcdefgh", "1"]) tagOf(known, tag);
  const frame = '[2,"abcdefgh","MeterValues",{"a":"12345678.25","b":"2026-05-01T10:00:00Z",' +
    '"c":"abcdefghi 123456789 xabcdefgh 1 2"}]';
  equal(scrubText(known, frame), frame);
});

Deno.test("frames as long as they may be are searched in a moment", () => {
  const known = scrub();
  tagOf(known, TAG);
  const begin = performance.now();
  for (const words of ["ab ", "://", "a.", "1,", "1", " ", "?://"]) {
    const data = words.repeat(1_000_000 / words.length);
    scrubText(known, `[2,"1","DataTransfer",{"data":"${data}x"}]`);
  }
  ok(performance.now() - begin < 10_000);
});

Deno.test("a fact of several words, and the rule that asks for it, have the same stand-in", () => {
  const known = scrub();
  tagOf(known, TAG);
  const said = `card ${TAG} shown`;
  const fact: Event = { type: "fact", name: `sensor.card_${TAG}`, value: said };
  const scrubbed = scrubEvent(known, fact) as typeof fact;
  equal(scrubbed.name, fact.name);
  doesNotMatch(scrubbed.value ?? "", /04A2/);
  const core = configuration({
    rules: [{
      name: "a card",
      when: `state("sensor.card") == "${said}"`,
      then: "deny",
      askTimeoutMs: 1,
      default: "deny",
      onUnknown: "deny",
    }],
  });
  match(scrubValue(known, core).rules[0]?.when ?? "", new RegExp(`"${scrubbed.value}"`));
});

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
