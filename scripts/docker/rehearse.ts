// Does what the Dockerfile says without Docker: its steps, one by one, in folders; then starts the
// image as docker-compose.yml does, and asks it for its health. Needs root and a Debian:
//
//   debootstrap --variant=minbase bookworm /tmp/bookworm
//   sudo deno run -A scripts/docker/rehearse.ts --base /tmp/bookworm [--stage app]
//
// Of Deno, this machine's own stands in for the published image; no network is needed.

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Instruction, readDockerfile, type Stage } from "./dockerfile.ts";

const DOCKERFILE = "scripts/docker/Dockerfile";
const DENO_IMAGE = "denoland/deno:bin-";
const DEBIAN_IMAGE = "debian:bookworm-slim";
const START_MS = 20_000;

const { values } = parseArgs({
  options: { base: { type: "string" }, stage: { type: "string", default: "proxy" } },
});
const base = values.base;
if (base === undefined || Deno.uid() !== 0) {
  console.error("rehearse: needs --base FOLDER, a Debian, and root");
  Deno.exit(2);
}

/** What a stage has become so far. */
interface Built {
  readonly folder: string;
  readonly environment: Record<string, string>;
  workdir: string;
  user: string;
  entrypoint: string[];
  command: string[];
  health: string[];
}

const work = await Deno.makeTempDir({ prefix: "rehearse-" });
const mounted: string[] = [];
const built = new Map<string, Built>();

function sh(command: string, ...words: string[]): void {
  const { success } = new Deno.Command(command, { args: words, stdout: "null" }).outputSync();
  if (!success) throw new Error(`failed: ${command} ${words.join(" ")}`);
}

/** A folder over another one, which stays as it is. */
function overlay(lower: string, name: string): string {
  const [upper, scratch, folder] = ["upper", "scratch", "root"].map((part) =>
    join(work, name, part)
  ) as [string, string, string];
  for (const made of [upper, scratch, folder]) Deno.mkdirSync(made, { recursive: true });
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${scratch}`;
  sh("mount", "-t", "overlay", "overlay", "-o", options, folder);
  mounted.push(folder);
  return folder;
}

function begin(stage: Stage): Built {
  const parent = built.get(stage.from);
  if (parent !== undefined) {
    return {
      ...parent,
      environment: { ...parent.environment },
      folder: overlay(parent.folder, stage.name),
    };
  }
  const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const rest = { environment, workdir: "/", user: "root", entrypoint: [], command: [], health: [] };
  if (stage.from.startsWith(DENO_IMAGE)) {
    const version = stage.from.slice(DENO_IMAGE.length);
    if (version !== Deno.version.deno) throw new Error(`this is Deno ${Deno.version.deno}`);
    const folder = join(work, stage.name);
    Deno.mkdirSync(folder);
    Deno.copyFileSync(Deno.execPath(), join(folder, "deno"));
    return { ...rest, folder };
  }
  if (stage.from !== DEBIAN_IMAGE) throw new Error(`nothing stands in for ${stage.from}`);
  return { ...rest, folder: overlay(resolve(base!), stage.name) };
}

function copy(image: Built, words: readonly string[]): void {
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
  const paths = words.filter((word) => !word.startsWith("--"));
  const source = from === undefined ? "." : built.get(from)!.folder;
  const target = paths.at(-1)!;
  const into = join(image.folder, target.startsWith("/") ? target : join(image.workdir, target));
  for (const path of paths.slice(0, -1)) {
    const found = join(source, path);
    const isFolder = Deno.statSync(found).isDirectory;
    const place = !isFolder && (target.endsWith("/") || paths.length > 2)
      ? join(into, path.split("/").at(-1)!)
      : into;
    Deno.mkdirSync(dirname(place), { recursive: true });
    sh("cp", ...isFolder ? ["-rT"] : [], found, place);
  }
}

/** A shell in the image; the cache of a RUN begins with this machine's packages. */
function runInside(image: Built, command: string, caches: readonly string[]): void {
  const own = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME")!, ".cache/deno");
  for (const cache of caches) {
    Deno.mkdirSync(join(image.folder, cache), { recursive: true });
    // The rest changes under the hands of whoever else runs Deno.
    for (const part of ["npm", "dl"]) sh("cp", "-r", join(own, part), join(image.folder, cache));
  }
  const script = `
    mount -t proc proc ${image.folder}/proc
    mount --rbind /dev ${image.folder}/dev
    exec chroot ${image.folder} /bin/sh -c "cd ${image.workdir} && $1"
  `;
  const { success, stderr, stdout } = new Deno.Command("unshare", {
    args: ["--mount", "--", "sh", "-ec", script, "-", command],
    clearEnv: true,
    env: image.environment,
  }).outputSync();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`failed: RUN ${command}\n${said}`);
  for (const cache of caches) Deno.removeSync(join(image.folder, cache), { recursive: true });
}

function perform(image: Built, { name, text, words }: Instruction): void {
  switch (name) {
    case "COPY":
      return copy(image, words);
    case "RUN": {
      const caches = words.filter((word) => word.startsWith("--mount="))
        .map((flag) => /type=cache,target=([^,]+)/.exec(flag)![1]!);
      return runInside(image, text.replace(/^(--\S+\s+)+/, ""), caches);
    }
    case "ENV":
      for (const word of words) {
        const at = word.indexOf("=");
        image.environment[word.slice(0, at)] = word.slice(at + 1);
      }
      return;
    case "WORKDIR":
      image.workdir = text;
      return Deno.mkdirSync(join(image.folder, text), { recursive: true });
    case "USER":
      image.user = text;
      return;
    case "ENTRYPOINT":
      image.entrypoint = JSON.parse(text);
      return;
    case "CMD":
      image.command = JSON.parse(text);
      return;
    case "HEALTHCHECK":
      image.health = JSON.parse(text.slice(text.indexOf("[")));
      return;
    case "ARG":
    case "EXPOSE":
    case "LABEL":
    case "STOPSIGNAL":
    case "VOLUME":
      return;
    default:
      throw new Error(`no rehearsal for ${name}`);
  }
}

/** Words that run in the image as in a container: read-only, with /data, /tmp and /proc. */
function inContainer(image: Built, words: readonly string[]): Deno.Command {
  const account = image.user === "root" ? [] : [
    "setpriv",
    `--reuid=${image.user}`,
    `--regid=${image.user}`,
    "--clear-groups",
    "--bounding-set=-all",
    "--no-new-privs",
  ];
  const data = join(work, "data");
  const script = `
    mount --bind ${data} ${image.folder}/data
    mount -t tmpfs tmpfs ${image.folder}/tmp
    mount -t proc proc ${image.folder}/proc
    mount -o remount,ro ${image.folder}
    exec chroot ${image.folder} ${
    account.join(" ")
  } /bin/sh -c 'cd ${image.workdir} && exec "$@"' - "$@"
  `;
  return new Deno.Command("unshare", {
    args: ["--mount", "--", "sh", "-ec", script, "-", ...words],
    clearEnv: true,
    env: image.environment,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
}

async function start(image: Built): Promise<void> {
  const data = join(work, "data");
  sh("cp", "-a", join(image.folder, "data"), data);
  const settings = { listen: { host: "127.0.0.1", port: 0 } };
  // As the supervisor writes it: for root alone.
  Deno.writeTextFileSync(join(data, "options.json"), JSON.stringify(settings), { mode: 0o600 });
  if (image.user !== "root") sh("chmod", "644", join(data, "options.json"));
  const child = inContainer(image, [...image.entrypoint, ...image.command]).spawn();
  try {
    const until = Date.now() + START_MS;
    let healthy = false;
    while (!healthy && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 200));
      if (!exists(join(data, "server.json"))) continue;
      healthy = (await inContainer(image, image.health).spawn().status).success;
    }
    if (!healthy) throw new Error("the container did not become healthy");
    const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
    const [, uid] = /^Uid:\s+(\d+)/m.exec(status)!;
    console.log(`healthy; it runs as user ${uid}`);
    if (uid === "0") throw new Error("it runs as root");
  } finally {
    child.kill("SIGTERM");
  }
  const { code } = await child.status;
  if (code !== 0) throw new Error(`it ended with code ${code}`);
  console.log("stopped by SIGTERM, code 0");
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

try {
  for (const stage of readDockerfile(Deno.readTextFileSync(DOCKERFILE), {})) {
    const image = begin(stage);
    for (const instruction of stage.instructions) perform(image, instruction);
    built.set(stage.name, image);
    console.log(`stage ${stage.name}: ${stage.instructions.length} steps`);
    if (stage.name === values.stage) await start(image);
  }
} catch (error) {
  console.error(`rehearse: ${(error as Error).message}`);
  Deno.exitCode = 1;
} finally {
  for (const folder of mounted.reverse()) sh("umount", "--recursive", folder);
  Deno.removeSync(work, { recursive: true });
}
