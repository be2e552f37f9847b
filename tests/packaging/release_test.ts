// What a release is made of: the package and what its install script finds in it, and the workflow.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import metadata from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = (path: string) => Deno.readTextFileSync(`${ROOT}${path}`);

function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args: [...args], env })
    .outputSync();
  const decoder = new TextDecoder();
  ok(success, `${command}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

Deno.test("a package has everything that installs it, and is the same when packed again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const target = "aarch64-unknown-linux-gnu";
    const name = `ocpp-proxy-${metadata.version}-${target}`;
    const program = `${folder}/ocpp-proxy-${target}`;
    await Deno.writeTextFile(program, `#!/bin/sh\necho ${metadata.version}\n`);
    await Deno.writeTextFile(`${folder}/THIRD_PARTY_NOTICES.txt`, "licences\n");
    const pack = () => run(`${ROOT}scripts/package.sh`, [target, folder]).trim();
    const file = pack();
    equal(file, `${folder}/${name}.tar.gz`);
    const first = await Deno.readFile(file);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    deepEqual(await Deno.readFile(pack()), first);

    run("tar", ["-xzf", file, "-C", folder]);
    equal(Deno.readTextFileSync(`${folder}/${name}/THIRD_PARTY_NOTICES.txt`), "licences\n");
    equal(Deno.readTextFileSync(`${folder}/${name}/LICENSE`), text("LICENSE"));
    const said = run(`${folder}/${name}/install.sh`, [], { DESTDIR: `${folder}/root` });
    equal(said, `ocpp-proxy ${metadata.version} is placed below ${folder}/root.\n`);
    for (
      const [placed, source] of [
        ["etc/systemd/system/ocpp-proxy.service", "scripts/systemd/ocpp-proxy.service"],
        ["etc/ocpp-proxy/config.example.yaml", "config.example.yaml"],
      ]
    ) equal(Deno.readTextFileSync(`${folder}/root/${placed}`), text(source!));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a release is built by the Deno that the project is tested with, for what can be built", () => {
  const { env, jobs } = parse(text(".github/workflows/release.yml"));
  match(text(".ci/run"), new RegExp(`^DENO_VERSION=${env.DENO_VERSION}$`, "m"));
  const ci = parse(text(".github/workflows/ci.yml"));
  for (const { run: command } of ci.jobs.install.steps) {
    const [, version] = /deno@([\d.]+)/.exec(command ?? "") ?? [];
    ok(version === undefined || version === env.DENO_VERSION, command);
  }
  const targets = jobs.executable.strategy.matrix.include
    .map(({ target }: { target: string }) => target);
  const build = text("scripts/build.ts");
  deepEqual(targets, [...build.matchAll(/^ +\["(\w+-unknown-linux-gnu)"/gm)].map(([, one]) => one));
});

Deno.test("no job of a release may write more than it has to", () => {
  const { permissions, jobs } = parse(text(".github/workflows/release.yml"));
  deepEqual(permissions, { contents: "read" });
  const writers = Object.entries<{ permissions?: Record<string, string> }>(jobs)
    .filter(([, job]) => job.permissions?.contents === "write").map(([name]) => name);
  deepEqual(writers, ["release"]);
});

Deno.test("what the first job of a release compares is there to be compared", () => {
  const { env, jobs } = parse(text(".github/workflows/release.yml"));
  const { run: script } = jobs.check.steps.find(({ id }: { id?: string }) => id === "version");
  const manifest = text("scripts/home-assistant/config.yaml");
  ok(
    script.includes('version: \\"$version\\"') &&
      manifest.includes(`\nversion: "${metadata.version}"\n`),
  );
  equal(env.IMAGE, "ghcr.io/${{ github.repository }}");
  match(manifest, /^image: ghcr\.io\/[^/]+\/ocpp-proxy-app$/m);
});
