// Records to a disk that is always full, and prints what was logged: a program of its own, because
// only one that may do everything may open /dev/full.

import { START } from "../core/harness.ts";
import { EMPTY, FRAME, recorder } from "./recorder_scene.ts";

const logged: string[] = [];
const recording = await recorder("/dev/full", logged);
recording.begin(EMPTY, () => EMPTY);
for (let count = 0; count < 10_000; count++) {
  recording.record(START, FRAME, 0);
  recording.rotate();
}
await recording.close();
console.log(JSON.stringify(logged));
