// The command `status`: from a running proxy, from its database, and for as long as somebody looks.

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { databasePath } from "../../src/io/database.ts";
import { Store } from "../../src/io/store.ts";
import { entry, NOW, session } from "../io/store_fixture.ts";
import { startProgram } from "../support/program.ts";
import { withProxy } from "../support/running_proxy.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { ocppProxy } from "./run.ts";

const BACKENDS = `
backends:
  - { id: employer, role: biller, token: e, durable: true }
  - { id: evcc, role: controller, token: v }
`;

/** Writes the configuration of a proxy with data in `dataDir` into that folder. */
async function configFile(dataDir: string, yaml: string): Promise<string> {
  const file = join(dataDir, "config.yaml");
  const text = `data_dir: ${dataDir}\ntime_zone: Europe/Brussels\n${yaml}\n`;
  await Deno.writeTextFile(file, text);
  return file;
}

async function withFolder(test: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  try {
    await test(dataDir);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** A database in which a session runs under evcc's control and employer lacks two messages. */
function leftBehind(dataDir: string): void {
  const store = Store.open(databasePath(dataDir));
  store.commit([
    { table: "fact", key: "charger_id", value: "CP001" },
    {
      table: "fact",
      key: "boot",
      value: { chargePointVendor: "Alfen", chargePointModel: "NG910" },
    },
    {
      table: "fact",
      key: "connector/1",
      value: { status: { connectorId: 1, status: "Charging", errorCode: "NoError" }, at: NOW },
    },
    {
      table: "fact",
      key: "control",
      value: {
        mode: { mode: "auto" },
        lease: { backendId: "evcc", grantedAt: NOW, expiresAt: NOW, transactionId: 1 },
      },
    },
    {
      table: "session",
      session: session(1, { energyWh: 3_210, startedAt: Date.now() - 5_000_000 }),
    },
    { table: "log", entry: entry(1) },
    { table: "log", entry: entry(2) },
    { table: "log", entry: entry(3) },
    { table: "cursor", cursor: { backendId: "employer", sequence: 1 } },
    { table: "cursor", cursor: { backendId: "evcc", sequence: 3 } },
    {
      table: "decision",
      row: {
        at: NOW,
        backendId: "evcc",
        request: "RemoteStartTransaction",
        outcome: "granted",
        rule: null,
        reason: "granted: nobody else holds control",
      },
    },
  ]);
  store.close();
}

Deno.test("the running proxy tells its state", () =>
  withProxy(BACKENDS, async ({ dataDir, port }) => {
    const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
    await bootStrictCharger(charger);
    await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "04A2B3C4D5",
      meterStart: 1_000,
      timestamp: new Date(Date.now() - 3_900_000).toISOString(),
    });
    const backend = new WebSocket(`ws://127.0.0.1:${port}/backend/evcc?token=v`);
    await new Promise((resolve) => backend.addEventListener("open", resolve));
    backend.send(JSON.stringify({ action: "request_control" }));
    const config = await configFile(dataDir, BACKENDS);
    const said = await until(
      async () => {
        const answer = await ocppProxy(["status", "--config", config]);
        return answer.out.includes("granted") && answer;
      },
      5_000,
      "control",
    );
    equal(said.error, "");
    equal(said.code, 0);
    const text = said.out.replaceAll(/20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
      .replaceAll(/\d{6,}/g, "ID");
    equal(
      text,
      `Charger   CP001 (Strict Test), connected since TIME from 127.0.0.1
          charger as a whole: Available since TIME
          connector 1: Available since TIME
Mode      auto: backends may take control
Control   evcc since TIME, while transaction ID runs
Session   ID on connector 1: 0.000 kWh in 1 h 05 min, booked to the household

Backends
  id        role        state            backlog  set aside  problem
  employer  biller      not connected          1          0
  evcc      controller  connected, JSON        0          0

Latest decisions
  TIME  evcc  request_control  granted: nobody else holds control
`,
    );
    const closed = new Promise((resolve) => backend.addEventListener("close", resolve));
    backend.close();
    await closed;
    await charger.close();
  }));

Deno.test("what peers wrote cannot steer the terminal", () =>
  withProxy("", async ({ dataDir, port }) => {
    const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
    await charger.call("BootNotification", {
      chargePointVendor: "\u001b[2Jevil",
      chargePointModel: "\u009b31m",
      firmwareVersion: "1\u202e2\u2028",
    });
    const config = await configFile(dataDir, "");
    const text = await ocppProxy(["status", "--config", config]);
    match(text.out, /CP001 \(\?\[2Jevil \?31m, firmware 1\?2\?\)/);
    const json = await ocppProxy(["status", "--json", "--config", config]);
    // deno-lint-ignore no-control-regex
    doesNotMatch(text.out + json.out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    equal(JSON.parse(json.out).charger.model, "\u009b31m");
    await charger.close();
  }));

Deno.test("JSON is the server's own report", () =>
  withProxy(BACKENDS, async ({ dataDir, url }) => {
    const config = await configFile(dataDir, BACKENDS);
    const { code, out } = await ocppProxy(["status", "--json", "--config", config]);
    equal(code, 0);
    const report = await (await fetch(`${url}/status`)).json();
    deepEqual(JSON.parse(out), { running: true, ...report });
  }));

Deno.test("the token is the one that is given, else the first of the configuration that reads", () => {
  const api = `api:
  tokens:
    - { name: hand, token: control-token, scopes: [control] }
    - { name: eye, token: reading-token, scopes: [read] }
`;
  return withProxy(api, async ({ dataDir, url }) => {
    const right = await configFile(dataDir, api);
    equal((await ocppProxy(["status", "--config", right])).code, 0);
    const without = await configFile(dataDir, "");
    const refused = await ocppProxy(["status", "--config", without]);
    equal(refused.code, 1);
    equal(refused.out, "");
    equal(
      refused.error,
      `ocpp-proxy: ${url} refuses: a token is needed: as Bearer, as the password of Basic, ` +
        "or as ?token=\n",
    );
    const words = ["status", "--config", without, "--token"];
    equal((await ocppProxy([...words, "reading-token"])).code, 0);
    const wrong = await ocppProxy([...words, "wrong-token"]);
    match(wrong.error, /refuses: the token is wrong\n$/);
  });
});

Deno.test("a proxy that listens with TLS is asked by its own machine, whoever the name is for", async () => {
  const certificates = new URL("../io/certificates/", import.meta.url);
  const tls = {
    cert: await Deno.readTextFile(new URL("other.pem", certificates)),
    key: await Deno.readTextFile(new URL("other.key", certificates)),
  };
  await withProxy(BACKENDS, async ({ dataDir, url }) => {
    const config = await configFile(dataDir, BACKENDS);
    const { code, out } = await ocppProxy(["status", "--config", config]);
    match(out, /^Charger {3}none has connected yet\n/);
    equal(code, 0);
    // An address that somebody typed has to have a certificate that fits.
    const typed = await ocppProxy(["status", "--config", config, "--url", url]);
    equal(typed.code, 1);
    match(typed.error, /^ocpp-proxy: cannot reach https:/);
  }, { tls });
});

Deno.test("without a running proxy its database is read", () =>
  withFolder(async (dataDir) => {
    leftBehind(dataDir);
    const config = await configFile(dataDir, BACKENDS);
    const said = await ocppProxy(["status", "--config", config]);
    deepEqual(said, {
      code: 0,
      error: "",
      out: `The proxy is not running; this is what its database says.

Charger   CP001 (Alfen NG910), not connected
          connector 1: Charging since 2024-03-15 09:00:00
Mode      auto: backends may take control
Control   evcc since 2024-03-15 09:00:00, while transaction 1 runs
Session   1 on connector 1: 3.210 kWh in 1 h 23 min, booked to employer

Backends
  id        role        state  backlog  set aside  problem
  employer  biller      -            2          0
  evcc      controller  -            0          0

Latest decisions
  2024-03-15 09:00:00  evcc  RemoteStartTransaction  granted: nobody else holds control
`,
    });
    const { running, holder } = JSON.parse(
      (await ocppProxy(["status", "--json", "--config", config])).out,
    );
    equal(running, false);
    equal(holder.backend_id, "evcc");
  }));

Deno.test("a server.json that a killed proxy left behind misleads nobody", () =>
  withFolder(async (dataDir) => {
    leftBehind(dataDir);
    const config = await configFile(dataDir, BACKENDS);
    const stranger = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("somebody else"),
    );
    const url = `http://127.0.0.1:${stranger.addr.port}`;
    await Deno.writeTextFile(join(dataDir, "server.json"), JSON.stringify({ pid: 1, url }));
    const busy = await ocppProxy(["status", "--config", config]);
    const asked = await ocppProxy(["status", "--config", config, "--url", url]);
    await stranger.shutdown();
    const free = await ocppProxy(["status", "--config", config]);
    for (const { code, out } of [busy, free]) {
      equal(code, 0);
      match(out, /^The proxy is not running;/);
    }
    deepEqual(asked, {
      code: 1,
      out: "",
      error: `ocpp-proxy: what answers at ${url} is no ocpp-proxy\n`,
    });
    const gone = await ocppProxy(["status", "--config", config, "--url", url]);
    equal(gone.code, 1);
    match(gone.error, /^ocpp-proxy: cannot reach http:.*\n$/);
  }));

Deno.test("neither proxy nor database is one sentence and exit code 1, and makes no file", () =>
  withFolder(async (dataDir) => {
    const config = await configFile(dataDir, "");
    const said = await ocppProxy(["status", "--config", config]);
    equal(said.code, 1);
    equal(said.out, "");
    match(said.error, /^ocpp-proxy: there is no database .*; 'serve' makes it, data_dir .*\n$/);
    deepEqual(Array.from(Deno.readDirSync(dataDir), ({ name }) => name), ["config.yaml"]);
  }));

Deno.test("a configuration that is wrong is told with its place", () =>
  withFolder(async (dataDir) => {
    const config = await configFile(dataDir, "backend: []\n");
    const { code, error } = await ocppProxy(["status", "--config", config]);
    equal(code, 1);
    match(error, /config\.yaml:3:1: backend: there is no such key/);
  }));

Deno.test("--watch shows every change of a real proxy, and SIGINT ends it", async () => {
  const program = await startProgram({ config: BACKENDS });
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-net=127.0.0.1", "--allow-read", "--allow-write", "--allow-env", main],
      ...["status", "--watch", "--config", program.configPath],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let out = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) out += text;
  })();
  const errors = new Response(child.stderr).text();
  try {
    await until(() => out.includes("Latest decisions: none\n"), 10_000, "the first state");
    await pause(1_500);
    await fetch(`${program.httpUrl}/override`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"mode": "paused"}',
    }).then((response) => response.body?.cancel());
    await until(() => out.includes("paused: nobody charges"), 5_000, "the change");
    await program.kill();
    await until(() => out.includes("The proxy is not running;"), 5_000, "the end of the proxy");
    child.kill("SIGINT");
    let ended: Deno.CommandStatus | undefined;
    child.status.then((status) => ended = status);
    equal((await until(() => ended, 5_000, "the end of the command")).code, 0);
    await reading;
    equal(await errors, "");
    equal(out.split("\nMode ").length - 1, 3, "a state that has not changed is not shown again");
    ok(!out.includes("\x1b"));
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await program.close();
  }
});
