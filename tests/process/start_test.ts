// What `serve` does when it starts: without a configuration, with a wrong one, in the wrong place.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startProgram } from "../support/program.ts";
import { strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** `serve` in this folder. */
function command(folder: string, ...words: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, "serve", ...words],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** How a `serve` that cannot start ends. */
async function failure(folder: string, ...words: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await command(folder, ...words).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("serve without a configuration makes ./data/ocpp-proxy.db and prints the charger's URL", () =>
  inFolder(async (folder) => {
    const child = command(folder, "--port", "0", "--host", "127.0.0.1").spawn();
    let out = "";
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) out += text;
    })();
    const errors = new Response(child.stderr).text();
    try {
      await until(() => /^Listening on /m.test(out), 15_000, "serve to listen");
      const url = out.match(/ws:\/\/127\.0\.0\.1:\d+\/charger$/m)?.[0];
      assert.ok(url, out);
      assert.match(out, /no configuration file, defaults only; data in \.\/data/);
      assert.ok(exists(`${folder}/data/ocpp-proxy.db`));
      const charger = await strictCharger(url, "CP001");
      const boot = await charger.call("BootNotification", {
        chargePointVendor: "Strict",
        chargePointModel: "Test",
      });
      assert.deepEqual([boot.status, boot.interval], ["Accepted", 300]);
      await charger.close();
    } finally {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await reading;
      assert.equal(code, 0, await errors);
    }
    assert.equal(exists(`${folder}/data/server.json`), false);
  }));

Deno.test("a wrong configuration ends serve with file, line and column, before anything is made", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/config.yaml`, "listen:\n  prot: 9000\ncurrency: 7\n");
    const { code, out, error } = await failure(folder);
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(error, /^config\.yaml:2:3: .*port/m);
    assert.match(error, /^config\.yaml:3:11: /m);
    assert.equal(exists(`${folder}/data`), false);
  }));

Deno.test("a configuration that is not there ends serve with one sentence", () =>
  inFolder(async (folder) => {
    const { code, error } = await failure(folder, "--config", "nowhere.yaml");
    assert.equal(code, 1);
    assert.match(error, /^nowhere\.yaml: .*cannot be read.*\n$/);
  }));

Deno.test("a port in use ends serve with one sentence, and its data can be used at once", () =>
  inFolder(async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const { code, out, error } = await failure(
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        String(taken.addr.port),
        "--log-level",
        "warning",
      );
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(error, /^ocpp-proxy: cannot listen on 127\.0\.0\.1:\d+: .*in use.*\n$/i);
      assert.equal(exists(`${folder}/data/server.json`), false);
    } finally {
      taken.close();
    }
  }));

Deno.test("certificates that cannot be read end serve with one sentence that names the file", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/config.yaml`,
      "listen: { host: 127.0.0.1, port: 0, tls: { cert_file: no.pem, key_file: no.key } }\n",
    );
    const { code, error } = await failure(folder, "--log-level", "warning");
    assert.equal(code, 1);
    assert.match(error, /no\.pem/);
    assert.doesNotMatch(error, /at file:|Stack/);
  }));

Deno.test("a second serve on the same data is refused with the process that has it", async () => {
  const program = await startProgram();
  try {
    const { code, out, error } = await failure(
      "/",
      "--config",
      program.configPath,
      "--port",
      "0",
    );
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.equal(
      error,
      `ocpp-proxy: another proxy (process ${program.pid}) is running with the database ` +
        `${program.dataDir}/ocpp-proxy.db\n`,
    );
    assert.equal((await fetch(program.httpUrl)).status < 500, true);
  } finally {
    await program.close();
  }
});

Deno.test("SIGTERM and SIGHUP right after the first line on standard output are heeded", () =>
  inFolder(async (folder) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const child = command(folder, "--port", "0", "--host", "127.0.0.1").spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      child.kill("SIGHUP");
      child.kill(signal);
      const errors = new Response(child.stderr).text();
      while (!(await reader.read()).done);
      const { code } = await child.status;
      assert.equal(code, 0, await errors);
      await errors;
    }
  }));
