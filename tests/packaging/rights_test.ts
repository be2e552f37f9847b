// Everything the program does, done by the bundle with the rights that are built into it.

import { doesNotMatch, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { secureBackend } from "../sockets/secure_backend.ts";
import { Broker, NO_BROKER } from "../support/broker.ts";
import { FakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { withProxy } from "../support/running_proxy.ts";
import { until } from "../support/until.ts";
import { installed, type Said, say } from "./installed.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What Deno says when something may not be done, and what this program makes of it. */
const REFUSED = /NotCapable|PermissionDenied|Requires \w+ access|may only use files/;

/** A household with every kind of file and connection that a configuration can name. */
const HOUSEHOLD = `
listen: { host: 127.0.0.1, port: 0, tls: { cert_file: server.pem, key_file: server.key } }
charger: { id: SIM001, password_file: charger }
recording: { file: recording.jsonl }
presence_sensor: binary_sensor.home
id_tags: [{ tag: 04A2B3C4D5, name: Family car, owner: true }]
backends:
  - { id: evcc, token_file: evcc, role: controller }
  - { id: employer, charge_point_id: CP1, role: biller, ca_file: authority.pem, url: `;

/** The bundle in a folder, and everything that it said there. */
class Installation {
  readonly folder: string;
  readonly script: string;
  readonly heard: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.script = join(folder, "bin/ocpp-proxy.js");
  }

  /** Runs a command. */
  async say(...words: string[]): Promise<Said> {
    const said = await say(installed(this.script, this.folder, words));
    this.heard.push(said.out, said.error);
    return said;
  }

  /** Runs a command, which must succeed. */
  async run(...words: string[]): Promise<Said> {
    const said = await this.say(...words);
    equal(said.code, 0, `${words.join(" ")}: ${said.error}${said.out}`);
    return said;
  }

  /** Starts `serve` and waits until it listens. */
  async serve(): Promise<Serving> {
    const file = join(this.folder, "data/server.json");
    await Deno.remove(file).catch(() => {});
    const child = installed(this.script, this.folder, ["serve"]).spawn();
    const ended = child.output().then(({ stdout, stderr }) => {
      const decoder = new TextDecoder();
      this.heard.push(decoder.decode(stdout), decoder.decode(stderr));
    });
    const text = await until(() => Deno.readTextFile(file).catch(() => undefined), 15_000, "serve");
    const kill = (signal: Deno.Signal) => {
      try {
        child.kill(signal);
      } catch {
        // It has ended.
      }
    };
    return { kill, ended, url: `${JSON.parse(text).url.replace("https", "wss")}/charger` };
  }
}

interface Serving {
  /** Sends a signal, if it still runs. */
  kill(signal: Deno.Signal): void;
  /** Resolves when all that it said was heard. */
  readonly ended: Promise<void>;
  readonly url: string;
}

async function prepare(folder: string, employerUrl: string, links: string): Promise<void> {
  const made = await say(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "scripts/build.ts", "--bundle-only", "--folder", join(folder, "bin")],
      cwd: ROOT,
    }),
  );
  equal(made.code, 0, made.error);
  for (const name of ["server.pem", "server.key", "authority.pem"]) {
    await Deno.copyFile(join(ROOT, "tests/io/certificates", name), join(folder, name));
  }
  await Deno.mkdir(join(folder, "secrets"));
  await Deno.writeTextFile(join(folder, "secrets/charger"), "charger-password");
  await Deno.writeTextFile(join(folder, "secrets/evcc"), "evcc-token");
  await Deno.writeTextFile(
    join(folder, "scenario.yaml"),
    "name: short\nsteps: [{ after: 1s, plug: 1 }, { after: 1s, tag: 04A2B3C4D5 }, { after: 10m, unplug: 1 }]\n",
  );
  await Deno.writeTextFile(
    join(folder, "config.yaml"),
    `${HOUSEHOLD}"${employerUrl}" }\n${links}`,
  );
}

Deno.test("with the rights of the bundle nothing that it does is refused", async () => {
  const folder = await Deno.makeTempDir();
  const home = new FakeHomeAssistant();
  home.set("binary_sensor.home", "off");
  const broker = NO_BROKER === undefined ? await Broker.start() : undefined;
  const states = await broker?.listen("ocpp-proxy/#");
  await using employer = await secureBackend(1);
  const program = new Installation(folder);
  let serving: Serving | undefined;
  const simulate = (...words: string[]) =>
    program.run(
      ...["simulate", "--url", serving!.url, "--ca-file", "authority.pem"],
      ...["--password", "charger-password", "--speed", "3600", ...words],
    );
  try {
    await prepare(folder, employer.url, `${home.yaml}${broker?.yaml ?? ""}`);
    await program.run("check");

    serving = await program.serve();
    await simulate("--backend", "evcc:evcc-token");
    await until(() => employer.backend.payloads("StopTransaction").length > 0, 5_000, "a bill");
    await until(() => home.followed.includes("binary_sensor.home"), 5_000, "a follower");
    if (states) await until(() => states.newest.size > 0, 5_000, "a device");
    await program.run("override", "pause");
    await program.run("override", "auto");
    match((await program.run("status")).out, /SIM001/);
    serving.kill("SIGKILL");
    await serving.ended;

    // It is set aside, and what can be read is taken over: nothing.
    const database = join(folder, "data/ocpp-proxy.db");
    for (const suffix of ["-wal", "-shm"]) await Deno.remove(database + suffix);
    await Deno.writeFile(database, new Uint8Array(20_000).fill(255));
    serving = await program.serve();
    serving.kill("SIGHUP");
    await program.run("simulate", "--scenario", "list");
    await simulate("--scenario", "scenario.yaml");
    serving.kill("SIGTERM");
    await serving.ended;
    match(program.heard.at(-1)!, /the database was damaged and is set aside/);
    match(program.heard.at(-1)!, /the configuration was read again/);

    await program.run("status");
    for (const format of ["csv", "json", "jsonl"]) {
      const words = ["--format", format, "--output", `sessions.${format}`];
      await program.run("export", "--since", "2020", ...words);
    }
    await program.run("export", "--since", "2020", "--summary", "month");
    await program.run("replay", "recording.jsonl", "--update", "--trace", "trace.jsonl");
    await program.run("replay", "recording.jsonl", "--expect", "recording.jsonl.expected.jsonl");
    await withProxy("", async ({ proxy, url }) => {
      const to = `${url.replace("http", "ws")}/charger`;
      const words = ["replay", "recording.jsonl", "--to", to, "--speed", "3600"];
      const { code, out, error } = await program.say(...words);
      // 3: another proxy answers something otherwise, which is no matter of rights.
      ok(code === 0 || code === 3, `${out}${error}`);
      equal(proxy.chargePointId, "SIM001");
    });
    doesNotMatch(program.heard.join("\n"), REFUSED);
  } finally {
    serving?.kill("SIGKILL");
    await serving?.ended;
    await home.close();
    await broker?.close();
    await Deno.remove(folder, { recursive: true });
  }
});
