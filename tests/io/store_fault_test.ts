import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import type { Write } from "../../src/core/record.ts";
import { BUSY_TIMEOUT_MS } from "../../src/io/database.ts";
import { checkVersion, migrate, MIGRATIONS } from "../../src/io/migrations.ts";
import { Store } from "../../src/io/store.ts";
import { StoreError } from "../../src/io/store_error.ts";
import { entry, NOW, session, withDatabasePath } from "./store_fixture.ts";

const CHILD = fileURLToPath(new URL("./store_child.ts", import.meta.url));
const PERMISSIONS = ["--allow-read", "--allow-write"];

/** A mount namespace, also for a user who is not root. */
const NAMESPACE = ["--user", "--map-root-user", "--mount"];

/** Starts another process on the database. */
function child(...words: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, CHILD, ...words],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function* lines(process: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

async function output(process: Deno.ChildProcess): Promise<string[]> {
  const result = await Array.fromAsync(lines(process));
  assert.ok((await process.status).success);
  return result;
}

/** Makes a database with many rows, and closes it. */
function fill(path: string, rows: number): void {
  const store = Store.open(path);
  const writes: Write[] = [
    { table: "fact", key: "charger_id", value: "CP001" },
    { table: "cursor", cursor: { backendId: "a", sequence: 3 } },
  ];
  for (let n = 1; n <= rows; n++) {
    writes.push({ table: "log", entry: entry(n, { transactionId: n, raw: "x".repeat(300) }) });
    writes.push({ table: "session", session: session(n, { stoppedAt: NOW }) });
  }
  store.commit(writes);
  store.close();
}

/** Writes noise over the page at this fraction of the file. */
function damage(path: string, place: number): void {
  const file = Deno.openSync(path, { write: true });
  const noise = Uint8Array.from({ length: 4096 }, (_, index) => index * 167 + 13);
  file.seekSync(Math.floor(file.statSync().size * place / 4096) * 4096, Deno.SeekMode.Start);
  file.writeSync(noise);
  file.close();
}

Deno.test("what was committed is there after 25 kills in the middle of writing", () =>
  withDatabasePath(async (path) => {
    for (let kill = 0; kill < 25; kill++) {
      const process = child("commit", path);
      let reported = 0;
      let count = 0;
      for await (const line of lines(process)) {
        reported = Number(line);
        if (++count === 5 + kill * 3) process.kill("SIGKILL");
      }
      assert.equal((await process.status).signal, "SIGKILL");

      const store = Store.open(path);
      const { lastSequence, sessions, cursors } = store.load();
      assert.equal(store.replaced, undefined);
      // One more may have been committed than the child lived to report.
      assert.ok(lastSequence === reported || lastSequence === reported + 1);
      assert.equal(sessions.length, lastSequence);
      assert.deepEqual(cursors, [{ backendId: "employer", sequence: lastSequence }]);
      const sequences = store.readLog(0, 1e6).map(({ sequence }) => sequence);
      assert.deepEqual(sequences, Array.from({ length: lastSequence }, (_, i) => i + 1));
      store.close();
    }
  }));

Deno.test("a second proxy on the same database is refused, and says which process has it", () =>
  withDatabasePath(async (path) => {
    const store = Store.open(path);
    assert.deepEqual(await output(child("open", path)), ["in_use"]);
    assert.throws(() => Store.open(path), {
      kind: "in_use",
      message: `another proxy (process ${Deno.pid}) is running with the database ${path}`,
    });
    store.close();
    assert.deepEqual(await output(child("open", path)), ["none"]);
  }));

Deno.test("a lock held for 3 s fails commits after a bounded wait, reads go on, then all is well", () =>
  withDatabasePath(async (path) => {
    const store = Store.open(path);
    store.commit([{ table: "log", entry: entry(1) }]);
    const process = child("hold", path, "3000");
    const reports = lines(process);
    assert.equal((await reports.next()).value, "held");

    const begin = performance.now();
    assert.throws(() => store.commit([{ table: "log", entry: entry(2) }]), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.kind, "busy");
      assert.ok(error.message.includes(path));
      return true;
    });
    const waited = performance.now() - begin;
    assert.ok(waited < BUSY_TIMEOUT_MS + 500, `${waited} ms`);
    assert.equal(store.load().lastSequence, 1);

    store.commit([{ table: "log", entry: entry(2) }]);
    assert.equal(store.load().lastSequence, 2);
    store.close();
    await reports.return(undefined);
    assert.ok((await process.status).success);
  }));

/** The lines of a task of the child, which has a disk of 1 MB for the database. */
async function onSmallDisk(task: string, path: string): Promise<string[]> {
  const directory = path.replace(/\/[^/]*$/, "");
  await Deno.mkdir(directory);
  // A mount in a namespace of its own vanishes with the process.
  const { success, stdout } = await new Deno.Command("unshare", {
    args: [
      ...NAMESPACE,
      "sh",
      "-c",
      'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"',
      "sh",
      directory,
      Deno.execPath(),
      "run",
      ...PERMISSIONS,
      CHILD,
      task,
      path,
    ],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("a full disk keeps nothing of what failed, reads go on, and room makes it write again", {
  ignore: !canMountPrivately(),
}, () =>
  withDatabasePath(async (path) => {
    const lines = await onSmallDisk("fill", path);
    assert.deepEqual(lines, ["full", "true", "full", "true", "1", "none", "true"]);
  }));

Deno.test("a disk that has no room for more of the write-ahead log is written all the same", {
  ignore: !canMountPrivately(),
}, () =>
  withDatabasePath(async (path) => {
    assert.deepEqual(await onSmallDisk("rewrite", path), ["none", "1000"]);
  }));

// The log comes first in the file: the first page is noticed by the check alone, the second one by
// whoever reads the sessions.
for (const place of [0.2, 0.5]) {
  Deno.test(`a damaged page at ${place} of the file: it is set aside and what can be read goes on`, () =>
    withDatabasePath(async (path) => {
      fill(path, 500);
      damage(path, place);
      const damaged = await Deno.readFile(path);

      const store = Store.open(path);
      assert.ok(store.replaced);
      assert.match(store.replaced.path, /ocpp-proxy\.db\.corrupt-\d{8}T\d{6}Z$/);
      assert.match(store.replaced.reason, /damaged/);
      assert.deepEqual(await Deno.readFile(store.replaced.path), damaged);
      const { facts, lastSequence, lastTransactionId, cursors } = store.load();
      assert.equal(facts.get("charger_id"), "CP001");
      assert.deepEqual(cursors, [{ backendId: "a", sequence: 3 }]);
      assert.equal(lastSequence, 500);
      assert.equal(lastTransactionId, 500);
      assert.ok(store.replaced.salvagedRows > 900, String(store.replaced.salvagedRows));
      store.commit([{ table: "log", entry: entry(501) }]);
      store.close();

      const again = Store.open(path);
      assert.equal(again.replaced, undefined);
      assert.equal(again.load().lastSequence, 501);
      again.close();
    }));
}

Deno.test("a file that is no database is set aside, twice in one second under two names", () =>
  withDatabasePath(async (path) => {
    Store.open(path).close();
    const names = new Set<string>();
    for (const text of ["not a database ".repeat(500), "neither is this ".repeat(500)]) {
      await Deno.writeTextFile(path, text);
      const store = Store.open(path);
      assert.ok(store.replaced);
      names.add(store.replaced.path);
      assert.equal(await Deno.readTextFile(store.replaced.path), text);
      assert.equal(store.replaced.salvagedRows, 0);
      assert.equal(store.load().lastSequence, 0);
      store.close();
    }
    assert.equal(names.size, 2);
  }));

Deno.test("a database of a newer program is refused and left as it is", () =>
  withDatabasePath((path) => {
    fill(path, 1);
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(() => Store.open(path), { kind: "version", message: /newer program/ });
    }
  }));

Deno.test("a database of another program is refused and left as it is", () =>
  withDatabasePath((path) => {
    Store.open(path).close();
    Deno.removeSync(path);
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE session (recipe TEXT)");
    database.close();
    assert.throws(() => Store.open(path), { kind: "version", message: /another program/ });
  }));

Deno.test("a place that cannot be written is named in the error", () =>
  withDatabasePath((path) => {
    Deno.writeTextFileSync(path.replace(/\/data\/.*/, "/data"), "a file, not a folder");
    assert.throws(() => Store.open(path), (error) => {
      assert.ok(error instanceof StoreError);
      assert.ok(error.message.includes(path));
      return true;
    });
  }));

Deno.test("missing migration steps run once, in order, and all or none", () => {
  const database = new DatabaseSync(":memory:");
  const first = "CREATE TABLE a (x)";
  migrate(database, "db", [first]);
  assert.equal(checkVersion(database, "db", 1), 1);
  assert.throws(() => migrate(database, "db", [first, "INSERT INTO a VALUES (1); nonsense"]));
  assert.equal(checkVersion(database, "db", 1), 1);
  migrate(database, "db", [first, "INSERT INTO a VALUES (2)", "UPDATE a SET x = x + 1"]);
  assert.equal(checkVersion(database, "db", 3), 3);
  assert.deepEqual(database.prepare("SELECT x FROM a").all().map(({ x }) => x), [3]);
  database.close();
});

function canMountPrivately(): boolean {
  const probe = 'mount -t tmpfs none "$1"';
  try {
    return new Deno.Command("unshare", {
      args: [...NAMESPACE, "sh", "-c", probe, "sh", Deno.cwd()],
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}
