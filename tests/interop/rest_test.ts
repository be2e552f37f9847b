// The REST interface by its own openapi.json: schemathesis makes requests of it, right and wrong ones.

import assert from "node:assert/strict";
import { join } from "node:path";
import { startProgram } from "../support/program.ts";
import { REST_HOUSE } from "../support/rest_house.ts";
import { pythonEnvironment } from "./toolchain.ts";

const SCHEMATHESIS = await pythonEnvironment("schemathesis", "schemathesis.txt");

/** Requests of each operation and phase. */
const REQUESTS = 25;

/** Everything it checks, but for what this interface does otherwise. */
const OPTIONS = [
  // A stream without end.
  ...["--exclude-path", "/api/v1/events"],
  // No schema says that the thirteenth month, or two words that exclude each other, are refused.
  ...["--exclude-checks", "positive_data_acceptance"],
  ...["--phases", "coverage,fuzzing"],
  ...["--max-examples", String(REQUESTS)],
  ...["--seed", "1"],
  ...["--request-timeout", "10"],
];

/** Statuses, content types, headers and bodies as documented; wrong requests and methods refused. */
async function examine(url: string, token: string): Promise<string> {
  if (!SCHEMATHESIS.available) throw new Error(SCHEMATHESIS.reason);
  const folder = await Deno.makeTempDir();
  try {
    const { stdout, stderr, code } = await new Deno.Command(
      join(SCHEMATHESIS.folder, "schemathesis"),
      {
        args: [
          "run",
          `${url}/api/v1/openapi.json?token=${token}`,
          ...["--header", `Authorization: Bearer ${token}`],
          ...OPTIONS,
        ],
        // It keeps what it has found where it runs.
        cwd: folder,
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      },
    ).output();
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
    assert.equal(code, 0, said);
    return said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (!SCHEMATHESIS.available) {
  console.log(`skipped: the REST interface by schemathesis: ${SCHEMATHESIS.reason}`);
}

Deno.test({
  name: "whatever schemathesis asks, the REST interface does what openapi.json says",
  ignore: !SCHEMATHESIS.available,
  async fn() {
    const program = await startProgram({ config: `charger: { id: CP1 }\n${REST_HOUSE}` });
    try {
      for (const token of ["owning-token", "reading-token"]) {
        const said = await examine(program.httpUrl, token);
        const [, generated] = /(\d+) generated/.exec(said) ?? [];
        assert.ok(Number(generated) > 200, said);
        console.log(`${token}: ${generated} requests, nothing wrong`);
      }
      assert.doesNotMatch(program.stderr, /defect|error/);
    } finally {
      await program.close();
    }
  },
});
