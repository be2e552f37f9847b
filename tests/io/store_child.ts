// Another process that uses a database: for tests that kill it, fill its disk, or wait for its lock.

import { DatabaseSync } from "node:sqlite";
import { Store } from "../../src/io/store.ts";
import { StoreError } from "../../src/io/store_error.ts";
import { entry, session } from "./store_fixture.ts";

const [task, path = ""] = Deno.args;

/** One line to the parent, out before anything else happens. */
function report(value: string | number | boolean): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${value}\n`));
}

function kindOf(work: () => void): string {
  try {
    work();
    return "none";
  } catch (error) {
    if (error instanceof StoreError) return error.kind;
    throw error;
  }
}

/** Commits without end and reports each sequence once it is committed. */
function commitUntilKilled(): void {
  const store = Store.open(path);
  for (let sequence = store.load().lastSequence + 1;; sequence++) {
    store.commit([
      { table: "log", entry: entry(sequence, { transactionId: sequence }) },
      { table: "session", session: session(sequence) },
      { table: "cursor", cursor: { backendId: "employer", sequence } },
    ]);
    report(sequence);
  }
}

/** Holds the write lock of SQLite for so many milliseconds. */
async function holdLock(milliseconds: number): Promise<void> {
  const database = new DatabaseSync(path);
  database.exec("BEGIN IMMEDIATE");
  report("held");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  database.exec("ROLLBACK");
  database.close();
}

/** On a small disk of its own: fills it, goes on reading, makes room, goes on writing. */
function fillDisk(): void {
  const ballast = `${path}.ballast`;
  Deno.writeFileSync(ballast, new Uint8Array(512 * 1024).fill(1));
  const store = Store.open(path);
  let committed = 0;
  const commitNext = () => {
    store.commit([
      { table: "session", session: session(committed + 1) },
      { table: "log", entry: entry(committed + 1, { raw: "x".repeat(5_000) }) },
    ]);
    committed++;
  };
  report(kindOf(() => {
    while (true) commitNext();
  }));
  report(committed > 0);
  report(kindOf(commitNext));
  const { lastSequence, sessions } = store.load();
  report(lastSequence === committed && sessions.length === committed);
  report(store.readLog(committed - 1, 10).length);
  Deno.removeSync(ballast);
  report(kindOf(commitNext));
  store.close();
  const reopened = Store.open(path);
  report(reopened.load().lastSequence === committed && reopened.replaced === undefined);
  reopened.close();
}

/** On a small disk of its own: writes the same row until its write-ahead log would not fit. */
function rewrite(): void {
  // What closing it moves into the file has its room there.
  Store.open(path).close();
  const store = Store.open(path);
  report(kindOf(() => {
    for (let value = 1; value <= 1_000; value++) {
      store.commit([{ table: "fact", key: "boot", value }]);
    }
  }));
  report(Number(store.load().facts.get("boot")));
  store.close();
}

switch (task) {
  case "commit":
    commitUntilKilled();
    break;
  case "hold":
    await holdLock(Number(Deno.args[2]));
    break;
  case "open":
    report(kindOf(() => Store.open(path).close()));
    break;
  case "fill":
    fillDisk();
    break;
  case "rewrite":
    rewrite();
    break;
}
