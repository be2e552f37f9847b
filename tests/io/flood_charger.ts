// A charger in a process of its own: connects again and again, and prints how long each time took,
// with the attempts it needed. It shares its address with the attackers, which no real charger does.

import { clientFrame, RawClient } from "./raw_client.ts";

const port = Number(Deno.args[0]);

async function connects(): Promise<boolean> {
  try {
    using client = await RawClient.upgrade(port, "/charger/A");
    await client.write(clientFrame(1, "[2]"));
    return await client.message() === "[2]";
  } catch {
    return false;
  }
}

while (true) {
  const begun = performance.now();
  while (!await connects());
  console.log(performance.now() - begun);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
