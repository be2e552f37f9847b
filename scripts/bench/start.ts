// How long the program takes from the start of its process until it accepts a connection.

import { median, type Row, time } from "./figures.ts";
import { startProxy } from "./processes.ts";

const STARTS = 11;

/** Starts each program in turn on a database that is there already. */
export async function measureStart(
  programs: readonly { name: string; path: string; limitMs: number }[],
  folder: string,
): Promise<Row[]> {
  const took = programs.map((): number[] => []);
  for (let round = -1; round < STARTS; round++) {
    for (const [index, { path }] of programs.entries()) {
      const proxy = await startProxy(path, folder, "");
      await proxy[Symbol.asyncDispose]();
      // The first one makes the database and fills the caches.
      if (round >= 0) took[index]!.push(proxy.startedInMs);
    }
  }
  return programs.map(({ name, limitMs }, index) => {
    const ms = median(took[index]!);
    return { name, figure: time(ms), target: `<= ${limitMs} ms`, met: ms <= limitMs };
  });
}
