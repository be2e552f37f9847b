// install.sh on a folder of its own, and the unit of systemd, as far as a machine without it can.

import { deepEqual, equal, match } from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { READABLE, RIGHTS, WRITABLE } from "../../scripts/rights.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function install(environment: Record<string, string>, ...words: string[]) {
  // Whatever root's umask is, the service has to read what is placed.
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'umask 077 && exec "$0" "$@"', `${ROOT}scripts/install.sh`, ...words],
    clearEnv: true,
    env: environment,
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

/** A folder with commands of the system that answer otherwise. */
async function commands(folder: string, answers: Record<string, string>): Promise<string> {
  for (const [name, body] of Object.entries(answers)) {
    const path = join(folder, name);
    await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`);
    await Deno.chmod(path, 0o755);
  }
  return `${folder}:/usr/local/bin:/usr/bin:/bin`;
}

/** Everything below a folder, as `mode path`. */
function listed(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap(({ name, isDirectory }) => {
    const path = `${below}/${name}`;
    const mode = (Deno.statSync(join(folder, path)).mode! & 0o777).toString(8);
    return [`${mode} ${path}`, ...isDirectory ? listed(folder, path) : []];
  }).filter((line) => /ocpp-proxy/.test(line)).sort();
}

Deno.test("it installs, updates without touching the configuration, and takes itself away", async () => {
  const root = await Deno.makeTempDir({ suffix: " and a space" });
  const tools = await Deno.makeTempDir({ suffix: " and a space" });
  try {
    const program = join(tools, "program");
    await commands(tools, { program: '[ "$1" = --version ] && echo 1.2.3' });
    const environment = { DESTDIR: root, PATH: "/usr/bin:/bin" };
    const first = await install(environment, program);
    deepEqual(first, { code: 0, out: `ocpp-proxy 1.2.3 is placed below ${root}.\n`, error: "" });
    deepEqual(listed(root), [
      "640 /etc/ocpp-proxy/config.yaml",
      "644 /etc/ocpp-proxy/config.example.yaml",
      "644 /etc/systemd/system/ocpp-proxy.service",
      "700 /etc/ocpp-proxy/secrets",
      "750 /etc/ocpp-proxy",
      "755 /usr/local/bin/ocpp-proxy",
    ]);
    for (const above of ["usr/local/bin", "etc/systemd/system"]) {
      equal(Deno.statSync(join(root, above)).mode! & 0o777, 0o755, above);
    }
    const settings = join(root, "etc/ocpp-proxy/config.yaml");
    await Deno.writeTextFile(settings, "currency: SEK\n");
    equal((await install(environment, program)).code, 0);
    equal(await Deno.readTextFile(settings), "currency: SEK\n");
    await commands(tools, { program: "exit 1" });
    const broken = await install(environment, program);
    deepEqual([broken.code, broken.out], [1, ""]);
    equal(
      (await new Deno.Command(join(root, "usr/local/bin/ocpp-proxy"), { args: ["--version"] })
        .output()).success,
      true,
      "the old one still runs",
    );
    await commands(tools, { program: "echo deno 2.9.6" });
    const another = await install(environment, program);
    equal(another.code, 1);
    match(another.error, /is not ocpp-proxy: its version is 'deno 2.9.6'/);
    equal((await install(environment, "--uninstall")).code, 0);
    equal(await Deno.readTextFile(settings), "currency: SEK\n");
    deepEqual(listed(root).filter((line) => /bin|systemd/.test(line)), []);
    equal((await install(environment, "--purge")).code, 0);
    deepEqual(listed(root), []);
  } finally {
    await Deno.remove(root, { recursive: true });
    await Deno.remove(tools, { recursive: true });
  }
});

Deno.test("a machine that cannot run it is told why before anything is touched", async () => {
  const root = await Deno.makeTempDir();
  const tools = await Deno.makeTempDir();
  try {
    for (
      const [answers, reason] of [
        [{ uname: "echo armv7l" }, /not on armv7l\. A Raspberry Pi 3 or later/],
        [
          { uname: "echo aarch64", getconf: "echo 32" },
          /its system is 32-bit\. .*64-bit Raspberry/,
        ],
        [{ uname: "echo x86_64", getconf: "[ $1 = LONG_BIT ] && echo 64" }, /has no glibc/],
      ] as const
    ) {
      const folder = await Deno.makeTempDir({ dir: tools });
      const { code, out, error } = await install({
        DESTDIR: root,
        PATH: await commands(folder, answers),
      });
      deepEqual([code, out], [1, ""]);
      match(error, reason);
    }
    deepEqual([...Deno.readDirSync(root)], []);
    match((await install({ DESTDIR: root, PATH: "/usr/bin:/bin" }, "--force")).error, /no option/);
    match((await install({ DESTDIR: root, PATH: "/usr/bin:/bin" }, "/none")).error, /no file/);
  } finally {
    await Deno.remove(root, { recursive: true });
    await Deno.remove(tools, { recursive: true });
  }
});

Deno.test("the service keeps its data and its configuration where the program may go", () => {
  const unit = Deno.readTextFileSync(`${ROOT}scripts/systemd/ocpp-proxy.service`);
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1];
  equal(WRITABLE.includes(`/var/lib/${value("StateDirectory")}`), true);
  equal(READABLE.includes(`/etc/${value("ConfigurationDirectory")}`), true);
  equal(dirname(/--config (\S+)$/.exec(value("ExecStart") ?? "")![1]!), "/etc/ocpp-proxy");
  equal(/MemoryDenyWriteExecute=yes/.test(unit), false, "V8 would end at its first function");
  equal(value("Type"), "notify");
  equal(Number(value("WatchdogSec")) >= 60, true, "a slow disk is no reason to be killed");
  const [written] = RIGHTS.filter((right) => right.startsWith("--allow-write="));
  match(written!, /[=,]\/run\/systemd\/notify(,|$)/);
});

Deno.test("systemd finds nothing wrong with the unit, and little to attack", async (t) => {
  const analyze = async (...words: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command("systemd-analyze", {
      args: words,
    }).output();
    const decoder = new TextDecoder();
    return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  };
  try {
    await analyze("--version");
  } catch {
    console.log("skipped: there is no systemd-analyze here");
    return;
  }
  const folder = await Deno.makeTempDir();
  const path = join(folder, "ocpp-proxy.service");
  const unit = await Deno.readTextFile(`${ROOT}scripts/systemd/ocpp-proxy.service`);
  try {
    await t.step("verify", async () => {
      // It insists on a program that is there.
      await Deno.writeTextFile(path, unit.replace("/usr/local/bin/ocpp-proxy", "/bin/true"));
      deepEqual(await analyze("verify", path), { success: true, text: "" });
    });
    await t.step("security", async () => {
      await Deno.writeTextFile(path, unit);
      const { text } = await analyze("security", "--offline=true", "--no-pager", path);
      const [, exposure] = /Overall exposure level .*: (\d+\.\d)/.exec(text) ?? [];
      equal(Number(exposure) <= 1.1, true, `exposure ${exposure}`);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
