// The image and its composition: what is copied is there, nobody is root, health is asked for real.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { readDockerfile } from "./dockerfile.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = (path: string) => Deno.readTextFileSync(`${ROOT}${path}`);
const stages = readDockerfile(text("scripts/docker/Dockerfile"), {});

function said(stage: string, name: string): string[] {
  const { instructions } = stages.find((one) => one.name === stage)!;
  return instructions.filter((one) => one.name === name).map((one) => one.text);
}

Deno.test("a Dockerfile is read with its stages, arguments, continuations and quotes", () => {
  const file =
    "ARG A=1\n# none\nFROM --platform=$X base:${A} AS one\nRUN a \\\n  # why\n  && $B\n" +
    'LABEL x="b c" y=${A}\nFROM one\n';
  deepEqual(readDockerfile(file, { A: "2" }), [
    {
      name: "one",
      from: "base:2",
      instructions: [
        { name: "RUN", text: "a && $B", words: ["a", "&&", "$B"] },
        { name: "LABEL", text: 'x="b c" y=2', words: ["x=b c", "y=2"] },
      ],
    },
    { name: "", from: "one", instructions: [] },
  ]);
});

Deno.test("the image has the Deno that the project is built and tested with", () => {
  const [, version] = /DENO_VERSION=([\d.]+)/.exec(text(".ci/run")) ?? [];
  equal(stages.find(({ name }) => name === "deno")?.from, `denoland/deno:bin-${version}`);
});

Deno.test("everything that the image copies is there, and reaches the builder", () => {
  const sent = text(".dockerignore").split("\n").filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  for (const { name, instructions } of stages) {
    for (const { words } of instructions.filter((one) => one.name === "COPY")) {
      const from = words.find((word) => word.startsWith("--from="))?.slice(7);
      if (from !== undefined) {
        ok(stages.some((stage) => stage.name === from), `${name}: there is no stage ${from}`);
        continue;
      }
      for (const path of words.slice(0, -1)) {
        ok(Deno.statSync(`${ROOT}${path}`), path);
        ok(sent.some((one) => path === one || path.startsWith(`${one}/`)), `${path} is not sent`);
      }
    }
  }
});

Deno.test("nobody is root in the image, and the app stops being root before it starts", () => {
  equal(stages.at(-1)?.name, "proxy");
  deepEqual(said("proxy", "USER"), ["ocpp-proxy"]);
  deepEqual(said("app", "ENTRYPOINT"), ['["ocpp-proxy-app"]']);
  match(text("scripts/home-assistant/start.sh"), /^exec setpriv --reuid=ocpp-proxy .*\\$/m);
});

Deno.test("compose builds a stage that is there, on port 9000, with little to break into", () => {
  const { services, volumes } = parse(text("docker-compose.yml"));
  const service = services["ocpp-proxy"];
  ok(stages.some(({ name }) => name === service.build.target));
  equal(service.build.dockerfile, "scripts/docker/Dockerfile");
  deepEqual(service.ports, ["9000:9000"]);
  deepEqual(service.volumes, ["./config:/config:ro", "data:/data"]);
  deepEqual(Object.keys(volumes), ["data"]);
  equal(service.read_only, true);
  deepEqual(service.cap_drop, ["ALL"]);
  deepEqual(service.security_opt, ["no-new-privileges:true"]);
  ok(service.tmpfs.includes("/tmp"), "Deno keeps its compiled code there");
});

Deno.test("the health check asks where the proxy wrote down that it listens", async () => {
  const folder = await Deno.makeTempDir();
  const health = async (url: string) => {
    await Deno.writeTextFile(`${folder}/server.json`, `${JSON.stringify({ pid: 1, url })}\n`);
    const { success } = await new Deno.Command(`${ROOT}scripts/docker/health.sh`, {
      env: { STATE_DIRECTORY: folder },
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  };
  const paths: string[] = [];
  let status = 200;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response("ok\n", { status });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    equal(await health(url), true);
    status = 503;
    equal(await health(url), false);
    deepEqual(paths, ["/healthz", "/healthz"]);
  } finally {
    await server.shutdown();
  }
  equal(await health(url), false);
  await Deno.remove(folder, { recursive: true });
});
