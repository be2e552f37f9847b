// How the lines of a play are written.

import assert from "node:assert/strict";
import { Narrator } from "../../src/simulate/narrator.ts";

Deno.test("a line is time, name and text, and nothing in it steers the terminal", () => {
  let output = "";
  const out = (text: string) => void (output += text);
  const narrator = new Narrator({ out, colour: false, now: () => 0, nameWidth: 5 });
  narrator.say("solar", "first\r\nsecond \x1b[2J\u009b2J \u202eback");
  assert.equal(output, "00:00:00  solar  first\n00:00:00  solar  second ?[2J?2J ?back\n");
});
