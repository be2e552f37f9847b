// What the shell keeps for the core: the name of this installation, and how often it was started.

import type { Store } from "./store.ts";

const INSTANCE = "instance";
const RUN = "run";

/** Counts one more start; the first one names the installation. Throws StoreError. */
export function countStart(store: Store): number {
  const { facts } = store.load();
  const instance = facts.get(INSTANCE) ?? crypto.randomUUID().slice(0, 8);
  const run = Number(facts.get(RUN) ?? 0) + 1;
  store.commit([
    { table: "fact", key: INSTANCE, value: instance },
    { table: "fact", key: RUN, value: run },
  ]);
  return run;
}
