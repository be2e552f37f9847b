// The disk is full while a charger charges: it is told to repeat, stays connected, and nothing is lost.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SCENARIO = fileURLToPath(new URL("./disk_full_scenario.ts", import.meta.url));

/** Runs a script in a namespace of its own, where anybody may mount; it vanishes with the process. */
function unshare(script: string, ...words: string[]): Deno.Command {
  return new Deno.Command("unshare", {
    args: ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", ...words],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}

function canMount(): boolean {
  try {
    const { success } = unshare('mount -t tmpfs none "$1"', Deno.cwd()).outputSync();
    if (!success) console.log("no disk to fill: mounting one is not allowed here");
    return success;
  } catch {
    console.log("no disk to fill: there is no command unshare");
    return false;
  }
}

Deno.test(
  "a full disk: InternalError, Heartbeats go on, one alarm, and all is well when there is room",
  {
    ignore: !canMount(),
  },
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
    try {
      await Deno.mkdir(`${folder}/data`);
      const { success, stdout, stderr } = await unshare(
        'mount -t tmpfs -o size=2m none "$1/data" && shift && exec "$@"',
        folder,
        ...[Deno.execPath(), "run", "--allow-all", SCENARIO, folder],
      ).output();
      const decoder = new TextDecoder();
      console.log(decoder.decode(stdout).trim());
      assert.ok(success, decoder.decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
