// How fast and in how much memory `export` writes a million sessions while the proxy writes more.
//
// deno run --allow-read --allow-write --allow-run --allow-env scripts/bench/export.ts [sessions]

import { fileURLToPath } from "node:url";
import { openDatabase } from "../../src/io/database.ts";
import { Store } from "../../src/io/store.ts";
import type { SessionRecord } from "../../src/core/record.ts";
import { UNBILLED } from "../../src/core/session.ts";
import { SESSION_COLUMNS } from "../../src/io/session_columns.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const FIRST_START = Date.UTC(2020, 0, 1);

const [first = "1000000", directory] = Deno.args;
if (first === "--write") await writeUntilClosed(directory ?? "");
else await measure(Number(first));

async function measure(sessions: number): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/ocpp-proxy.db`;
    fillSessions(path, sessions);
    await Deno.writeTextFile(`${directory}/config.yaml`, `data_dir: ${directory}\n`);
    console.log(`${sessions} sessions, ${(await Deno.stat(path)).size >> 20} MiB`);
    for (const format of ["csv", "json", "jsonl"]) {
      await using _writer = startWriter(path);
      await exportOnce(directory, format, sessions);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs the real program; the kernel says afterwards how much memory it took at most. */
async function exportOnce(directory: string, format: string, sessions: number): Promise<void> {
  const begin = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      MAIN,
      "export",
      "--config",
      `${directory}/config.yaml`,
      "--format",
      format,
      "--output",
      "/dev/null",
    ],
  }).spawn();
  let peakKiB = 0;
  const sampler = setInterval(() => peakKiB = Math.max(peakKiB, peakMemory(process.pid)), 20);
  const { success } = await process.status;
  clearInterval(sampler);
  const seconds = (performance.now() - begin) / 1000;
  if (!success) throw new Error(`export --format ${format} failed`);
  console.log(
    `${format}: ${seconds.toFixed(2)} s, ${Math.round(sessions / seconds)} rows/s, ` +
      `peak RSS ${Math.round(peakKiB / 1024)} MiB`,
  );
}

function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function fillSessions(path: string, sessions: number): void {
  Store.open(path).close();
  const database = openDatabase(path);
  database.exec("PRAGMA synchronous = OFF");
  database.prepare(`
    INSERT INTO session (${SESSION_COLUMNS})
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
    SELECT id, NULL, 1, '04A2B3C4D5', CASE id % 3 WHEN 0 THEN NULL ELSE 'employer' END, 'id_tag',
      NULL, '1|04A2B3C4D5|' || id, ? + id * 180000, ? + id * 180000 + 170000, id * 10,
      id * 10 + 7400, 7400, id * 10 + 7400, NULL, ? + id * 180000 + 160000, ? + id * 180000 + 150000,
      'EVDisconnected', '[]', 'employer', '21 % included', 'EUR', id * 1000, 'EUR', id * 900, NULL
    FROM n`)
    .run(sessions, FIRST_START, FIRST_START, FIRST_START, FIRST_START);
  database.close();
}

function startWriter(path: string): AsyncDisposable {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", import.meta.filename ?? "", "--write", path],
    stdin: "piped",
  }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      await process.stdin.close();
      await process.status;
    },
  };
}

/** The proxy's part: a durable commit every 10 ms until standard input ends. */
async function writeUntilClosed(path: string): Promise<void> {
  const store = Store.open(path);
  let open = true;
  Deno.stdin.read(new Uint8Array(1)).then(() => open = false);
  let commits = 0;
  for (let id = store.load().lastTransactionId + 1; open; id++, commits++) {
    store.commit([{ table: "session", session: written(id) }]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  store.close();
  console.log(`  (${commits} sessions were written meanwhile)`);
}

function written(transactionId: number): SessionRecord {
  const startedAt = FIRST_START + transactionId * 180_000;
  return {
    transactionId,
    chargerTransactionId: null,
    connectorId: 1,
    idTag: "04A2B3C4D5",
    backendId: "employer",
    bookedBy: "id_tag",
    reservationId: null,
    startKey: String(transactionId),
    startedAt,
    stoppedAt: startedAt + 170_000,
    meterStartWh: 0,
    meterStopWh: 7_400,
    energyWh: 7_400,
    registerWh: 7_400,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: "EVDisconnected",
    flags: [],
    ...UNBILLED,
  };
}
