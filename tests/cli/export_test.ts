import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../src/cli/app.ts";
import { databasePath } from "../../src/io/database.ts";
import { Store } from "../../src/io/store.ts";
import { NOW, session } from "../io/store_fixture.ts";

const DAY_MS = 86_400_000;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly errors: readonly string[];
}

/** Runs the program with a configuration of its own in a fresh folder. */
async function withHousehold(
  test: (directory: string, run: (...words: string[]) => Promise<Outcome>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const config = `${directory}/config.yaml`;
  await Deno.writeTextFile(config, `data_dir: ${directory}/data\ntime_zone: Europe/Brussels\n`);
  const run = async (...words: string[]): Promise<Outcome> => {
    let out = "";
    const errors: string[] = [];
    const code = await runProgram(["export", "--config", config, ...words], {
      out: (text) => (out += text, true),
      error: (sentence) => void errors.push(sentence),
      colour: false,
      environment: { get: () => undefined },
    });
    return { code, out, errors };
  };
  try {
    await test(directory, run);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Three sessions that ended on the 15th, 16th and 17th of March 2024 at 09:00, and a running one. */
function openStore(directory: string): Store {
  const store = Store.open(databasePath(`${directory}/data`));
  store.commit([1, 2, 3].map((id) => ({
    table: "session",
    session: session(id, {
      startedAt: NOW - 60_000 + (id - 1) * DAY_MS,
      stoppedAt: NOW + (id - 1) * DAY_MS,
      backendId: id === 3 ? "evcc" : "employer",
    }),
  })));
  store.commit([{ table: "session", session: session(4) }]);
  return store;
}

function ids({ out, code, errors }: Outcome): number[] {
  assert.deepEqual([code, errors], [0, []]);
  return out.trimEnd().split("\r\n").slice(1).map((line) => Number(line.split(",")[5]));
}

Deno.test("sessions that have ended are exported while the proxy has the database open", () =>
  withHousehold(async (directory, run) => {
    const store = openStore(directory);
    assert.deepEqual(ids(await run()), [1, 2, 3]);
    store.close();
    assert.deepEqual(ids(await run()), [1, 2, 3]);
  }));

Deno.test("a period begins with since and includes until", () =>
  withHousehold(async (directory, run) => {
    openStore(directory).close();
    assert.deepEqual(ids(await run("--since", "2024-03-16")), [2, 3]);
    assert.deepEqual(ids(await run("--until", "2024-03-16")), [1, 2]);
    assert.deepEqual(ids(await run("--since", "2024-03-16", "--until", "2024-03-16")), [2]);
    assert.deepEqual(ids(await run("--since", "2024-03", "--until", "2024-03")), [1, 2, 3]);
    assert.deepEqual(ids(await run("--since", "2024-04")), []);
    assert.deepEqual(ids(await run("--until", "2024-03-16T09:00")), [1]);
    assert.deepEqual(ids(await run("--since", "2024-03-16T08:00:00Z")), [2, 3]);
    assert.deepEqual(ids(await run("--backend", "evcc")), [3]);
  }));

Deno.test("a period that nobody can read, or that ends before it begins, is a usage error", () =>
  withHousehold(async (directory, run) => {
    openStore(directory).close();
    assert.deepEqual(await run("--since", "2024-13"), {
      code: 2,
      out: "",
      errors: [
        "ocpp-proxy: --since 2024-13 is not a time; expected a year (2024), month (2024-03), " +
        "day (2024-03-15) or instant (2024-03-15T08:00:00Z)",
      ],
    });
    assert.deepEqual(await run("--since", "2024-03", "--until", "2024-02"), {
      code: 2,
      out: "",
      errors: ["ocpp-proxy: nothing lies between --since 2024-03 and --until 2024-02"],
    });
  }));

Deno.test("id tags are shown when asked for", () =>
  withHousehold(async (directory, run) => {
    openStore(directory).close();
    assert.ok(!(await run()).out.includes("04A2B3C4D5"));
    assert.ok((await run("--show-id-tags")).out.includes("04A2B3C4D5"));
  }));

Deno.test("JSON is one array, JSON Lines one object a line", () =>
  withHousehold(async (directory, run) => {
    openStore(directory).close();
    const { out: json } = await run("--format", "json");
    const { out: lines } = await run("--format", "jsonl");
    const rows = JSON.parse(json);
    assert.equal(rows.length, 3);
    assert.deepEqual(lines.trimEnd().split("\n").map((line) => JSON.parse(line)), rows);
  }));

Deno.test("without a database one sentence says so", () =>
  withHousehold(async (directory, run) => {
    const { code, errors } = await run();
    assert.equal(code, 1);
    assert.equal(errors.length, 1);
    assert.ok(errors[0]?.includes(`there is no database ${directory}/data/ocpp-proxy.db`));
  }));

Deno.test("a wrong configuration is reported, not guessed", () =>
  withHousehold(async (directory, run) => {
    await Deno.writeTextFile(`${directory}/config.yaml`, "data_dirr: x\n");
    const { code, errors } = await run();
    assert.equal(code, 1);
    assert.match(errors[0] ?? "", /config\.yaml:1:1: .*data_dir/);
  }));

Deno.test("an output file is replaced as a whole, and a failure leaves the old one alone", () =>
  withHousehold(async (directory, run) => {
    const output = `${directory}/sessions.csv`;
    await Deno.writeTextFile(output, "old");
    assert.equal((await run("--output", output)).code, 1);
    assert.equal(await Deno.readTextFile(output), "old");
    openStore(directory).close();
    const { out } = await run();
    assert.deepEqual(await run("--output", output), { code: 0, out: "", errors: [] });
    assert.equal(await Deno.readTextFile(output), out);
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["config.yaml", "data", "sessions.csv"]);
  }));

Deno.test("a place that cannot be written is named", () =>
  withHousehold(async (directory, run) => {
    openStore(directory).close();
    const { code, errors } = await run("--output", `${directory}/nowhere/sessions.csv`);
    assert.equal(code, 1);
    assert.match(errors.join(), /nowhere\/sessions\.csv/);
  }));

Deno.test("a reader that has seen enough ends the export without an error", () =>
  withHousehold(async (directory) => {
    const store = openStore(directory);
    for (let first = 10; first < 20_000; first += 2_000) {
      store.commit(Array.from({ length: 2_000 }, (_, index) => ({
        table: "session",
        session: session(first + index, { stoppedAt: NOW }),
      })));
    }
    store.close();
    const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        '("$@"; echo "exit $?" >&2) | head -n 1',
        "sh",
        Deno.execPath(),
        "run",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        main,
        "export",
        "--config",
        `${directory}/config.yaml`,
      ],
    }).output();
    assert.match(new TextDecoder().decode(stdout), /^timestamp,backend_id,/);
    assert.equal(new TextDecoder().decode(stderr), "exit 0\n");
  }));
