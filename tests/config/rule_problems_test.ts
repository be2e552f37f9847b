// What is said about wrong rules, facts, tariffs and tags, each with its place.

import { deepEqual } from "node:assert/strict";
import { problems } from "./parse.ts";

const EVCC = "backends: [{ id: evcc, token: t }]\n";

/** A rule of this text in a file, its expression at 2:30. */
function when(expression: string, more = ""): string {
  return `rules:\n  - { name: r, then: deny, when: ${expression}${more} }\n`;
}

const CASES: readonly { name: string; text: string; says: readonly string[] }[] = [
  {
    name: "a variable that is almost one",
    text: when("'true || huor > 17'"),
    says: ["c.yaml:2:43: rules[0].when: there is no 'huor'; did you mean 'hour'?"],
  },
  {
    name: "a function that is almost one",
    text: when(`'is_onn(ha("x"))'`),
    says: ["c.yaml:2:35: rules[0].when: there is no function 'is_onn'; did you mean 'is_on'?"],
  },
  {
    name: "the wrong type",
    text: when("today_kwh + 1"),
    says: ["c.yaml:2:34: rules[0].when: expected true or false, got double"],
  },
  {
    name: "text compared with a number, in an expression over several lines",
    text: "rules:\n  - name: r\n    then: deny\n    when: >-\n" +
      '      backend == "evcc" &&\n      minute > 3 &&\n      hour == "13"\n' + EVCC,
    says: ["c.yaml:7:7: rules[0].when: '==' does not go with int and string"],
  },
  {
    name: "an expression that breaks off, in a literal block",
    text: "rules:\n  - name: r\n    then: deny\n    when: |\n      hour > 3 &&\n        hour <\n",
    says: ["c.yaml:6:15: rules[0].when: something is missing here"],
  },
  {
    name: "a plain expression that goes on in the next line",
    text: "rules:\n  - name: r\n    then: deny\n    when: hour > 3 &&\n      foo\n",
    says: ["c.yaml:5:7: rules[0].when: there is no 'foo'"],
  },
  {
    name: "an expression with escapes: only its beginning is known",
    text: when('"backend == \\"x\\" && foo"'),
    says: ["c.yaml:2:34: rules[0].when: there is no 'foo'"],
  },
  {
    name: "a regular expression",
    text: when(`'backend.matches("(a+)+b")'`),
    says: [
      "c.yaml:2:43: rules[0].when: 'matches' is not offered, because a regular expression may " +
      "never end; use contains, startsWith or endsWith",
    ],
  },
  {
    name: "roles, states and backends that are not there",
    text: EVCC + "rules:\n  - name: r\n    then: deny\n" +
      `    when: role == "admni" || status in ["Preparing", "charging"] || backend != "evc"\n`,
    says: [
      "c.yaml:5:19: rules[0].when: there is no role 'admni'; did you mean 'admin'?",
      "c.yaml:5:80: warning: rules[0].when: there is no backend 'evc'; did you mean 'evcc'?",
    ],
  },
  {
    name: "backends of a rule that are not there",
    text: EVCC + "rules: [{ name: r, then: deny, backends: [evcc, evvc] }]\n",
    says: ["c.yaml:2:49: rules[0].backends[1]: there is no backend 'evvc'; did you mean 'evcc'?"],
  },
  {
    name: "a rule that nobody reaches behind one without a name",
    text: "rules:\n  - { then: allow }\n  - { name: b, then: deny }\n",
    says: [
      "c.yaml:2:5: rules[0].name: is missing; expected text of at most 80 characters",
      "c.yaml:3:5: warning: rules[1]: is never reached: the rule before it has no condition",
    ],
  },
  {
    name: "two rules of one name, and rules that are never reached",
    text: "rules:\n  - { name: a, then: allow }\n  - { name: a, then: deny }\n" +
      "  - { name: b, then: deny }\n",
    says: [
      "c.yaml:3:5: warning: rules[1]: is never reached: rule 'a' before it has no condition",
      "c.yaml:3:13: rules[1].name: is the name of another rule",
    ],
  },
  {
    name: "a limit without current, and a current without limit",
    text: "rules:\n  - { name: a, then: limit, hours: 1:00-2:00 }\n" +
      "  - { name: b, then: deny, current_a: 10, on_unknown: limit }\n",
    says: [
      "c.yaml:2:22: rules[0].then: limit needs current_a",
      "c.yaml:3:39: rules[1].current_a: means nothing without then: limit",
      "c.yaml:3:55: rules[1].on_unknown: limit needs then: limit and its current_a",
    ],
  },
  {
    name: "keys of a question that nobody asks",
    text: "rules:\n  - { name: a, then: deny, ask_timeout_s: 5, default: deny }\n",
    says: [
      "c.yaml:2:43: rules[0].ask_timeout_s: means nothing without then: ask or on_unknown: ask",
      "c.yaml:2:55: rules[0].default: means nothing without then: ask or on_unknown: ask",
    ],
  },
  {
    name: "silence that would allow what is unknown",
    text:
      "rules:\n  - { name: a, then: deny, on_unknown: ask, ask_timeout_s: 5, default: allow }\n",
    says: [
      "c.yaml:2:72: rules[0].default: what is unknown is not allowed by silence; expected deny",
    ],
  },
  {
    name: "times and days that are none",
    text: "rules:\n  - { name: a, then: deny, hours: 25:00-3:00, weekdays: [wen] }\n",
    says: [
      'c.yaml:2:35: rules[0].hours: found "25:00-3:00"; expected a time of day such as 17:00-22:00',
      'c.yaml:2:58: rules[0].weekdays[0]: found "wen"; ' +
      "expected mon, tue, wed, thu, fri, sat or sun",
    ],
  },
  {
    name: "a fact twice, and one that is no name",
    text: "facts: [{ name: a }, { name: a }, { name: A b }]\n",
    says: [
      "c.yaml:1:30: facts[1].name: is listed already",
      'c.yaml:1:43: facts[2].name: found "A b"; expected 1 to 128 lower-case letters, digits, ' +
      "'_' and '.', such as binary_sensor.home",
    ],
  },
  {
    name: "more facts than there may be",
    text: `facts: [${Array.from({ length: 257 }, (_, n) => `{ name: f${n} }`).join(", ")}]\n`,
    says: ["c.yaml:1:8: facts: 257 facts are listed or named by rules; expected at most 256"],
  },
  {
    name: "tariffs that are not there, and two sources of the household's price",
    text: "backends: [{ id: a, token: t, tariff: gest }]\ntariffs: [{ name: guest }]\n" +
      "household: { tariff: x, price_sensor: sensor.price }\n",
    says: [
      "c.yaml:1:39: backends[0].tariff: there is no tariff 'gest'; did you mean 'guest'?",
      "c.yaml:3:22: household.tariff: there is no tariff 'x'",
      "c.yaml:3:39: household.price_sensor: a tariff is there too; " +
      "expected only one of tariff and price_sensor",
    ],
  },
  {
    name: "periods of a tariff that overlap, or end before they begin",
    text: "tariffs:\n" +
      "  - { name: a, valid_until: 2026-07-01 }\n" +
      "  - { name: a, valid_from: 2026-07-01, valid_until: 2027-01-01 }\n" +
      "  - { name: a, valid_from: 2026-12-31 }\n" +
      "  - { name: b, valid_from: 2026-01-01, valid_until: 2026-01-01 }\n" +
      "  - { name: c, valid_from: 2026-02-30 }\n",
    says: [
      "c.yaml:4:28: tariffs[2].valid_from: tariff 'a' is valid at the same time as the one before " +
      "it; expected valid_until there, and valid_from here",
      "c.yaml:5:53: tariffs[3].valid_until: is not after valid_from",
      'c.yaml:6:28: tariffs[4].valid_from: found "2026-02-30"; ' +
      "expected a date such as 2026-01-31",
    ],
  },
  {
    name: "periods that follow each other, in any order: nothing",
    text: "tariffs:\n  - { name: a, valid_from: 2026-07-01 }\n" +
      "  - { name: a, valid_until: 2026-07-01 }\n  - { name: b }\n",
    says: [],
  },
  {
    name: "tags under other names: unknown backends, one backend twice, one tag for two",
    text: "backends: [{ id: a, token: t }, { id: b, token: u }]\nid_tags:\n" +
      "  - { tag: A, send_as: [{ backend: a, tag: X1 }, { backend: c, tag: Y }] }\n" +
      "  - { tag: B, send_as: [{ backend: b, tag: X1 }, { backend: b, tag: X2 }] }\n" +
      "  - { tag: C, send_as: [{ backend: a, tag: x-1 }] }\n",
    says: [
      "c.yaml:3:61: id_tags[0].send_as[1].backend: there is no backend 'c'",
      "c.yaml:4:61: id_tags[1].send_as[1].backend: gets another tag already; " +
      "expected one for each backend",
      "c.yaml:5:44: id_tags[2].send_as[0].tag: is what this backend knows another tag by; " +
      "nobody could tell the two apart",
    ],
  },
];

for (const { name, text, says } of CASES) {
  Deno.test(`told with its place: ${name}`, () => {
    deepEqual(problems(text), says);
  });
}

Deno.test("unlisted backends may be named where they may dial in", () => {
  const text = "allow_unknown_backends: true\n" +
    `rules: [{ name: r, then: deny, backends: [x], when: 'backend != "y"' }]\n`;
  deepEqual(problems(text), []);
});
