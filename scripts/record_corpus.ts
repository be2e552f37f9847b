// Makes recordings for tests/recordings through real sockets: odd frames, odd chargers, households,
// and charge points and central systems by mobilityhouse (Python) and ocpp-go (Go), which have to be
// there for that.
//
// deno task corpus [name …]: those that are missing, or these. Expectations are written by
// `deno test -A tests/recordings -- --update`.

import { fileURLToPath } from "node:url";
import { FRAME_CASES } from "./corpus/frames.ts";
import { HOUSEHOLD_CASES } from "./corpus/households.ts";
import { PEER_CASES } from "./corpus/peers.ts";
import { QUIRK_CASES } from "./corpus/quirks.ts";

const FOLDER = fileURLToPath(new URL("../tests/recordings/", import.meta.url));

const cases = { ...FRAME_CASES, ...QUIRK_CASES, ...HOUSEHOLD_CASES, ...PEER_CASES };
const strange = Deno.args.find((name) => !Object.hasOwn(cases, name));
if (strange !== undefined) {
  console.error(`There is no recording '${strange}': ${Object.keys(cases).join(", ")}.`);
  Deno.exit(2);
}
let failed = 0;
for (const [name, record] of Object.entries(cases)) {
  const file = `${FOLDER}${name}.jsonl`;
  if (Deno.args.length > 0 ? !Deno.args.includes(name) : isThere(file)) continue;
  try {
    await record(file);
    console.log(name);
  } catch (error) {
    failed++;
    console.error(`${name}: ${(error as Error).message.split("\n", 1)[0]}`);
    if (isThere(file)) Deno.removeSync(file);
  }
}
Deno.exit(failed === 0 ? 0 : 1);

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
