// What recording costs: the same load on a proxy that records and on one that does not.

import { median, type Row } from "./figures.ts";
import { openScene } from "./load.ts";

/** They take turns, so that both see the same machine. */
const ROUNDS = 25;
const ROUND_SECONDS = 0.8;
const DEPTH = 8;

/** Of the throughput without a recording. */
const LEAST_SHARE = 0.95;

export async function measureRecording(program: string, folder: string): Promise<Row[]> {
  const recording = `${folder}/recording.jsonl`;
  const folders = ["plain", "recorded"].map((name) => `${folder}/${name}`);
  for (const path of folders) await Deno.mkdir(path);
  await using plain = await openScene(program, folders[0]!);
  await using recorded = await openScene(
    program,
    folders[1]!,
    `recording: { file: ${recording}, max_mb: 10000 }\n`,
  );
  const rates: { plain: number; recorded: number }[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const one = (await plain.fanOut(DEPTH, ROUND_SECONDS)).rate;
    const other = (await recorded.fanOut(DEPTH, ROUND_SECONDS)).rate;
    if (round >= 0) rates.push({ plain: one, recorded: other });
  }
  const share = median(rates.map((rate) => rate.recorded / rate.plain));
  const mib = (await Deno.stat(recording)).size / 1024 / 1024;
  const rate = median(rates.map((pair) => pair.recorded)).toFixed(0);
  return [{
    name: "throughput with a recording, of that without",
    figure: `${(100 * share).toFixed(1)} % (${rate}/s, ${mib.toFixed(0)} MiB written)`,
    target: `>= ${100 * LEAST_SHARE} %`,
    met: share >= LEAST_SHARE,
  }];
}
