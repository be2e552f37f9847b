// SIGHUP: a new configuration is taken over without disturbing what stays; a wrong one changes nothing.

import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { Recorder } from "../support/strict_peer.ts";
import { pause, until } from "../support/until.ts";
import { Dialler } from "./support/dialler.ts";
import { JsonListener } from "./support/json_listener.ts";

const EVCC = "  - { id: evcc, token: evcc-token, role: controller }\n";
const FRIEND = "  - { id: friend, token: friend-token, role: observer }\n";

Deno.test("SIGHUP adds and removes backends, keeps the others connected, and refuses what is wrong", async () => {
  const employer = await strictBackendServer();
  const EMPLOYER = `  - { id: employer, url: "${employer.url}", role: biller }\n`;
  const program = await startProgram({ config: `backends:\n${EVCC}` });
  const says = async (what: RegExp) => {
    await until(() => what.test(program.stderr), 5_000, `the log to say ${what}`);
  };
  const reload = async (config: string, what: RegExp) => {
    program.stderr = "";
    await program.configure(config);
    program.signal("SIGHUP");
    await says(what);
  };
  const charger = new Dialler({
    url: program.chargerUrl,
    id: "CP001",
    recorder: new Recorder({}),
  });
  const evcc = new JsonListener(`${program.backendUrl}/evcc`, "evcc-token");
  const friend = new JsonListener(`${program.backendUrl}/friend`, "friend-token");
  try {
    const client = (await charger.connected())!;
    const boot = () =>
      client.call("BootNotification", { chargePointVendor: "Strict", chargePointModel: "Test" });
    await boot();
    evcc.start();
    await until(() => evcc.connections === 1, 5_000, "evcc");
    friend.start();
    await until(() => friend.closed, 5_000, "the friend to be refused");
    assert.equal(friend.connections, 0);

    const UNCHANGED = /the configuration is wrong; the old one stays/;
    await reload(`backends:\n${EVCC}  - { id: employer, ulr: "${employer.url}" }`, UNCHANGED);
    assert.match(program.stderr, /config\.yaml:5:\d+: .*url/);
    await reload("backends: [", UNCHANGED);
    assert.equal(evcc.connections, 1);

    const TAKEN = /the configuration was read again/;
    await reload(
      `charger: { heartbeat_interval_s: 60 }\nbackends:\n${EVCC}${EMPLOYER}${FRIEND}`,
      TAKEN,
    );
    await until(() => employer.connected, 5_000, "the employer to be dialled");
    await until(() => friend.connections === 1, 5_000, "the friend to be let in");
    assert.equal((await boot() as { interval: number }).interval, 60);

    await reload(`backends:\n${EVCC}${EMPLOYER}`, TAKEN);
    await until(() => friend.closed?.code === 1001, 5_000, "the friend to be disconnected");
    assert.equal(friend.closed?.reason, "this backend is no longer configured");

    await reload(
      `backends:\n${EVCC}  - { id: employer, enabled: false, url: "${employer.url}" }`,
      TAKEN,
    );
    await until(() => !employer.connected, 5_000, "the employer to be left alone");
    await pause(300);
    assert.equal(employer.identities.length, 1);
    assert.equal(friend.connections, 1);

    assert.deepEqual([charger.connections, evcc.connections], [1, 1]);
    assert.equal((await program.kill("SIGTERM")).code, 0);
  } finally {
    await charger.stop();
    await evcc.stop();
    await friend.stop();
    await program.close();
    await employer.close();
  }
});

Deno.test("SIGHUP says which changes wait for the next start", async () => {
  const program = await startProgram();
  try {
    await Deno.writeTextFile(
      program.configPath,
      "listen: { host: 127.0.0.1, port: 1 }\ndata_dir: /nowhere\nlog: { level: debug }\n" +
        "charger: { id: ANOTHER }\n",
    );
    program.signal("SIGHUP");
    await until(() => /read again/.test(program.stderr), 5_000, "the configuration to be read");
    assert.match(program.stderr, /next start.*keys="listen, data_dir, log, charger\.id"/);
  } finally {
    await program.close();
  }
});
