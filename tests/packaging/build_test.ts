// What the build makes: a program of one file that may touch little, or a loud failure.

import { deepEqual, doesNotMatch, equal, match, throws } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import metadata from "../../deno.json" with { type: "json" };
import { notices } from "../../scripts/notices.ts";
import { READABLE, WRITABLE } from "../../scripts/rights.ts";
import { until } from "../support/until.ts";
import { installed, say } from "./installed.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function build(args: readonly string[], environment: Record<string, string> = {}) {
  return await say(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-write", "--allow-run", "scripts/build.ts", ...args],
      cwd: ROOT,
      env: environment,
    }),
  );
}

Deno.test("the bundle is a program of one file that may touch only the folder of its start", async (t) => {
  const folder = await Deno.makeTempDir();
  const home = await Deno.makeTempDir();
  const script = join(folder, "ocpp-proxy.js");
  try {
    await t.step("it is built, started once, and tells nothing of the machine", async () => {
      const { code, out, error } = await build(["--bundle-only", "--folder", folder]);
      equal(code, 0, error);
      match(out, new RegExp(`^${script} ${metadata.version}, \\d\\.\\d MB\n$`));
      const text = await Deno.readTextFile(script);
      doesNotMatch(text, /\/\.cache\/|\/deno\/npm\//);
      equal(text.includes(ROOT) || text.includes("/root/") || text.includes("/home/"), false);
    });
    await t.step("the licences of what is in it are beside it", async () => {
      const text = await Deno.readTextFile(join(folder, "THIRD_PARTY_NOTICES.txt"));
      match(text, /^ws 8\.\d+\.\d+\n\nCopyright .*Einar Otto Stangvik/m);
      match(text, /^@stricli\/core .*\n\nBy Michael Molisani.* .*\/Apache-2\.0\.html$/m);
      doesNotMatch(text, /^(fast-check|ocpp-rpc|typescript) /m, "is not in it");
    });
    await t.step("it runs by itself, from anywhere", async () => {
      const { code, out, error } = await say(installed(script, home, ["--version"]));
      deepEqual({ code, out, error }, { code: 0, out: `${metadata.version}\n`, error: "" });
    });
    await t.step("it serves from the folder of its start, and ends when told", async () => {
      const child = installed(script, home, ["serve", "--host", "127.0.0.1", "--port", "0"])
        .spawn();
      const ended = child.output();
      try {
        const file = join(home, "data", "server.json");
        const { url } = JSON.parse(
          await until(() => Deno.readTextFile(file).catch(() => undefined), 15_000, "serve"),
        );
        equal(await (await fetch(`${url}/healthz`)).text(), "ok\n");
        equal((await (await fetch(`${url}/`)).text()).includes("ocpp-proxy"), true);
      } finally {
        child.kill("SIGTERM");
      }
      const { code, stderr } = await ended;
      equal(code, 0, new TextDecoder().decode(stderr));
    });
    await t.step("it reads what was served, and writes below, but not elsewhere", async () => {
      const words = ["export", "--since", "2024", "--output"];
      equal((await say(installed(script, home, [...words, "sessions.csv"]))).code, 0);
      const elsewhere = join(folder, "sessions.csv");
      deepEqual(await say(installed(script, home, [...words, elsewhere])), {
        code: 1,
        out: "",
        error: `ocpp-proxy: cannot write ${elsewhere} ` +
          "(the program may only use files in and below the folder in which it is started)\n",
      });
      const check = ["check", "--config", join(folder, "config.yaml")];
      const { code, error } = await say(installed(script, home, check));
      equal(code, 1);
      match(error, /the program may only use files in and below the folder in which it is started/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("what the compiler makes is started, and removed when it is not the program", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const target = Deno.build.target;
    const other = target.startsWith("x86_64")
      ? "aarch64-unknown-linux-gnu"
      : "x86_64-unknown-linux-gnu";
    const wrong = { DENORT_BIN: Deno.execPath() };
    await Deno.writeTextFile(join(folder, "ocpp-proxy"), "of an earlier build");
    const here = await build(["--folder", folder], wrong);
    equal(here.code, 1);
    match(here.error, /asked for its version, \S+, it says: deno \d/);
    const elsewhere = await build(["--folder", folder, "--target", other], wrong);
    equal(elsewhere.code, 1);
    match(elsewhere.error, new RegExp(`it is no executable for ${other}`));
    await Deno.writeTextFile(join(folder, "denort"), "half a downl");
    await Deno.writeTextFile(join(folder, "ocpp-proxy"), "of an earlier build");
    const half = await build(["--folder", folder], { DENORT_BIN: join(folder, "denort") });
    equal(half.code, 1);
    match(half.error, /^build: the compiler failed\n/);
    await Deno.remove(join(folder, "denort"));
    const absent = await build(["--folder", folder], { DENORT_BIN: join(folder, "none") });
    equal(absent.code, 1);
    match(absent.error, /DENORT_BIN=\/path\/to\/denort deno task compile/);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "THIRD_PARTY_NOTICES.txt",
      "ocpp-proxy.js",
    ]);
    match((await build(["--target", "armv7"])).error, /^build: the target is .*, not armv7$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A runtime for this processor (e_machine), as far as the build and the compiler look. */
async function runtimeFor(machine: number, path: string): Promise<string> {
  await Deno.copyFile(Deno.execPath(), path);
  using file = await Deno.open(path, { write: true });
  await file.seek(18, Deno.SeekMode.Start);
  await file.write(new Uint8Array([machine, 0]));
  return path;
}

Deno.test("an executable for another machine has the rights of the bundle built in, and no more", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [target, machine] = Deno.build.target.startsWith("x86_64")
      ? ["aarch64-unknown-linux-gnu", 183] as const
      : ["x86_64-unknown-linux-gnu", 62] as const;
    const environment = { DENORT_BIN: await runtimeFor(machine, join(folder, "denort")) };
    const { code, out, error } = await build(["--folder", folder, "--target", target], environment);
    equal(code, 0, error);
    match(out, /it is for another machine, and was not started\n$/);
    const bytes = await Deno.readFile(join(folder, `ocpp-proxy-${target}`));
    const runtimeBytes = (await Deno.stat(environment.DENORT_BIN)).size;
    const text = new TextDecoder("latin1").decode(bytes.subarray(runtimeBytes));
    const [, permissions = ""] = /"permissions":(\{[^{}]*\})/.exec(text) ?? [];
    const granted = Object.entries<unknown>(JSON.parse(permissions))
      .filter(([, value]) => value !== null && value !== false)
      .filter(([name]) => name !== "allow_import");
    deepEqual(Object.fromEntries(granted), {
      allow_net: [],
      allow_read: READABLE,
      allow_write: [...WRITABLE, "/run/systemd/notify"],
      allow_env: [],
      allow_sys: ["networkInterfaces"],
      deny_import: [],
    });
    match(text, /"features":\["net"\]/);
    match(text, /"--max-semi-space-size=2","--max-old-space-size=256"/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a package without a licence, or that is not there, is no part of a program", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const made = join(folder, "@x/y/1.2.3");
    const bundle = "// ../npm/@x/y/1.2.3/index.js\n";
    throws(() => notices(bundle, [folder]), /the package @x\/y\/1\.2\.3 is not in Deno's cache/);
    await Deno.mkdir(made, { recursive: true });
    await Deno.writeTextFile(join(made, "package.json"), "{}");
    throws(() => notices(bundle, [folder]), /nobody knows what @x\/y\/1\.2\.3 may be used for/);
    await Deno.writeTextFile(join(made, "LICENCE"), "Anything.\n");
    match(notices(bundle, ["/none", folder]), /\n@x\/y 1\.2\.3\n\nAnything\.\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
