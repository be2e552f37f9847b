// Passwords and tokens are planted everywhere, and searched in everything that the program tells.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  bootStrictCharger,
  strictCharger,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { startProgram } from "../support/program.ts";
import { until } from "../support/until.ts";
import { begin, finish } from "./charging.ts";
import { JsonClient } from "./json_client.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Each is found nowhere but where it was planted. */
const SECRETS = {
  charger: "planted-charger-password",
  employer: "planted-employer-password",
  evcc: "planted-evcc-token",
  panel: "planted-panel-token",
  wrong: "planted-wrong-token",
  wrongCharger: "planted-wrong-password",
  api: "planted-api-token-0123456789",
  key: "planted-authorization-key",
  diagnostics: "planted-ftp-password",
  newKey: "planted-new-key",
};

const CONFIGURATION = (url: string) => `
charger: { id: CP1, password: ${SECRETS.charger} }
rate_limit_seconds: 0
log: { level: debug }
api: { tokens: [{ name: test, token: ${SECRETS.api}, scopes: [read, control] }] }
backends:
  - { id: employer, url: "${url}", password: ${SECRETS.employer}, role: biller }
  - { id: lost, url: "ws://127.0.0.1:1/", password: ${SECRETS.employer} }
  - { id: evcc, token: ${SECRETS.evcc}, role: admin }
  - { id: panel, token: ${SECRETS.panel}, role: observer }
`;

async function run(...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("no password, token or key is in the log, the status, an export, an error or the database", async () => {
  const employer = await strictBackendServer({ password: SECRETS.employer });
  const program = await startProgram({ config: CONFIGURATION(employer.url) });
  const told: Record<string, string> = {};
  try {
    const evcc = await strictDialInBackend(program.backendUrl, "evcc", SECRETS.evcc);
    const panel = await JsonClient.connect(`${program.backendUrl}/panel?token=${SECRETS.panel}`);
    for (
      const [url, token] of [
        [`${program.backendUrl}/evcc?token=${SECRETS.wrong}`, undefined],
        [`${program.backendUrl}/evcc`, SECRETS.wrong],
        [`${program.chargerUrl}/CP1`, SECRETS.wrongCharger],
      ] as const
    ) {
      const refusal = await JsonClient.connect(url, token ? { token } : {})
        .then(() => "accepted", (error: Error) => error.message);
      assert.match(refusal, /401/);
      told[`refusal of ${url.split("?")[0]}`] = refusal;
    }
    const charger = await strictCharger(program.chargerUrl, "CP1", { password: SECRETS.charger });
    charger.answer("GetConfiguration", () => ({
      configurationKey: [
        { key: "AuthorizationKey", readonly: false, value: SECRETS.key },
        { key: "HeartbeatInterval", readonly: false, value: "300" },
      ],
    }));
    await bootStrictCharger(charger);
    await until(() => evcc.payloads("StatusNotification").length > 1, 5_000, "the states");
    told.configuration = JSON.stringify(await evcc.call("GetConfiguration"));
    const change = { key: "AuthorizationKey", value: SECRETS.newKey };
    told.change = JSON.stringify(await evcc.call("ChangeConfiguration", change));
    const location = `ftp://user:${SECRETS.diagnostics}@files.test/`;
    await evcc.call("GetDiagnostics", { location });
    await finish(charger, await begin(charger));
    await until(() => employer.payloads("StopTransaction").length === 1, 5_000, "the end");

    told["status --json"] = await run("status", "--json", "--config", program.configPath);
    told.status = await run("status", "--config", program.configPath);
    assert.match(told.status, /evcc/);
    for (const format of ["csv", "json"]) {
      told[`export ${format}`] = await run(
        "export",
        "--format",
        format,
        "--config",
        program.configPath,
      );
    }
    assert.match(told["export csv"]!, /3/);
    told.check = await run("check", "--config", program.configPath);
    for (const path of ["/status", "/sessions", "/api/v1/status", "/healthz", "/nowhere"]) {
      const headers = { authorization: `Bearer ${SECRETS.api}` };
      told[path] = await (await fetch(`${program.httpUrl}${path}`, { headers })).text();
    }
    told.panel = JSON.stringify(panel.messages);
    await Promise.all([charger.close(), evcc.close(), panel.close()]);
  } finally {
    await program.kill();
    told.log = program.stdout + program.stderr;
    for await (const { name } of Deno.readDir(program.dataDir)) {
      const bytes = await Deno.readFile(`${program.dataDir}/${name}`);
      told[`the file ${name}`] = new TextDecoder("latin1").decode(bytes);
    }
    await program.close();
    await employer.close();
  }
  assert.match(told.log!, /a connection was refused/);
  for (const [where, text] of Object.entries(told)) {
    for (const secret of Object.values(SECRETS)) {
      for (const form of [secret, btoa(`CP1:${secret}`), btoa(secret)]) {
        assert.ok(!text.includes(form), `${secret} is in ${where}`);
      }
    }
  }
});
