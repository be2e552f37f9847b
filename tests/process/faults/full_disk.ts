// The disk is full while a charger charges: it is told to repeat, stays connected, and nothing is lost.

import { fileURLToPath } from "node:url";
import type { FullDiskPlay } from "./full_disk_play.ts";
import type { Outcome } from "./outcome.ts";

export type FullDisk = Omit<FullDiskPlay, "folder">;

const PLAY = fileURLToPath(new URL("./full_disk_play.ts", import.meta.url));

/** Whether a small disk can be mounted here; if not, says why. */
export function canMount(): boolean {
  try {
    const { success } = unshare('mount -t tmpfs none "$1"', Deno.cwd()).outputSync();
    if (!success) console.log("no disk to fill: mounting one is not allowed here");
    return success;
  } catch {
    console.log("no disk to fill: there is no command unshare");
    return false;
  }
}

/** Fills a disk of 2 MB up and empties it, so many times, while a household plays on it. */
export async function fillDisk(options: FullDisk): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  try {
    await Deno.mkdir(`${folder}/data`);
    const play: FullDiskPlay = { ...options, folder };
    const { success, stdout, stderr } = await unshare(
      'mount -t tmpfs -o size=2m none "$1/data" && shift && exec "$@"',
      folder,
      ...[Deno.execPath(), "run", "--allow-all", PLAY, JSON.stringify(play)],
    ).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(decoder.decode(stderr));
    return JSON.parse(decoder.decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a script in a namespace of its own, where anybody may mount; it vanishes with the process. */
function unshare(script: string, ...words: string[]): Deno.Command {
  return new Deno.Command("unshare", {
    args: ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", ...words],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}
