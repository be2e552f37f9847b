// kill -9 at any instant, again and again: nothing that was confirmed is lost or booked twice.

import { killUnderLoad } from "./faults/kills.ts";
import { assertKept } from "./faults/outcome.ts";
import { bundleProgram } from "./support/bundle.ts";
import { chosenSeed, Random } from "./support/random.ts";

/** How often, half of what `deno task endure` does; KILLS asks for another number, SEED for the same chances. */
const KILLS = Number(Deno.env.get("KILLS") ?? 100);

Deno.test(`${KILLS} kills: nothing lost, nothing booked twice, every backend told`, async () => {
  const random = new Random(chosenSeed());
  const folder = await Deno.makeTempDir();
  try {
    const script = await bundleProgram(folder);
    assertKept(await killUnderLoad({ script, random, kills: KILLS }));
  } catch (error) {
    console.error(`repeat this with SEED=${random.seed} KILLS=${KILLS}`);
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
