// Stand-ins for id tags: what OCPP compares stays equal, and nothing of the tag is left.

import { equal, match, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { comparable } from "../../src/core/id_tag.ts";
import { pseudonyms } from "../../src/recording/pseudonym.ts";
import "../support/seed.ts";

const standIn = pseudonyms("a".repeat(64));
const tag = fc.stringMatching(/^[0-9A-Za-z]([0-9A-Za-z:. -]{0,17}[0-9A-Za-z])?$/);

Deno.test("the same tag has the same stand-in, in every recording of the household", () => {
  equal(standIn("04A2B3C4D5"), pseudonyms("a".repeat(64))("04A2B3C4D5"));
  notEqual(standIn("04A2B3C4D5"), pseudonyms("b".repeat(64))("04A2B3C4D5"));
  notEqual(standIn("04A2B3C4D5"), standIn("04A2B3C4D6"));
  match(standIn("04A2B3C4D5"), /^[A-Z]{10}$/);
});

Deno.test("spellings of one tag stay spellings of one tag, and differ as they did", () => {
  fc.assert(fc.property(tag, tag, (one, other) => {
    const equalBefore = comparable(one) === comparable(other);
    equal(comparable(standIn(one)) === comparable(standIn(other)), equalBefore);
    equal(standIn(one) === standIn(other), one === other);
    for (
      const spelled of [one.toLowerCase(), one.toUpperCase(), `${one} `, one.replace("A", "A:")]
    ) {
      equal(comparable(standIn(spelled)), comparable(standIn(one)));
    }
  }));
});

Deno.test("the length stays, so that a tag that is too long is still too long", () => {
  equal(standIn("A".repeat(20)).length, 20);
  equal(standIn("A".repeat(21)).length, 21);
  equal(standIn("AB").length, 8);
  equal(standIn(""), "");
});

Deno.test("a tag as long as a frame may be has a stand-in at once, which tells it from others", () => {
  const long = "AB:".repeat(300_000);
  const begin = performance.now();
  const found = standIn(long);
  ok(performance.now() - begin < 3_000);
  equal(found.length, long.length);
  notEqual(standIn(`${long}C`).slice(20, 90), found.slice(20, 90));
});

Deno.test("a tag with something added to its full length still begins with that tag", () => {
  const whole = "0123456789ABCDEF0123";
  equal(standIn(`${whole}XY`).slice(0, 20), standIn(whole));
});

Deno.test("a tag of digits has digits, none of them a leading 0", () => {
  match(standIn("12345"), /^[1-9]{8}$/);
  match(standIn("00000000"), /^[1-9]{8}$/);
});

Deno.test("what some chargers add to a tag stays where it is", () => {
  equal(standIn("04A2B3C4D5\u0000"), `${standIn("04A2B3C4D5")}\u0000`);
  equal(standIn(" 04A2B3C4D5"), ` ${standIn("04A2B3C4D5")}`);
});
