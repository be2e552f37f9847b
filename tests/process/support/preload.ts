// The program's clock and its disk in our hands: a small library that is loaded into it.

import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("./preload.c", import.meta.url));

/** Whether there is a C compiler for Linux here. */
export function canPreload(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    return new Deno.Command("cc", { args: ["--version"] }).outputSync().success;
  } catch {
    console.log("the program's clock and disk cannot be disturbed: there is no C compiler");
    return false;
  }
}

/** Built into a folder; works on each program that is started with its environment. */
export class Preload {
  readonly environment: Readonly<Record<string, string>>;
  /** What the program does to its database, record by record: see journal.ts. */
  readonly journal: string;
  readonly #file: string;
  #clockMs = 0;
  #syncMs = 0;

  private constructor(folder: string) {
    this.#file = `${folder}/faults`;
    this.journal = `${folder}/journal`;
    this.environment = { LD_PRELOAD: `${folder}/preload.so`, FAULTS_FILE: this.#file };
    this.#write();
  }

  static async build(folder: string): Promise<Preload> {
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-O2", "-o", `${folder}/preload.so`, SOURCE, "-ldl"],
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new Preload(folder);
  }

  get clockMs(): number {
    return this.#clockMs;
  }

  /** How far the program's wall clock is from ours, ms; whole seconds count. */
  set clockMs(clockMs: number) {
    this.#clockMs = clockMs;
    this.#write();
  }

  /** How long each sync takes in addition, ms. */
  set syncMs(syncMs: number) {
    this.#syncMs = syncMs;
    this.#write();
  }

  #write(): void {
    const numbers = BigInt64Array.of(BigInt(this.#clockMs), BigInt(this.#syncMs));
    // Not truncated: the program has it mapped.
    const file = Deno.openSync(this.#file, { write: true, create: true });
    file.writeSync(new Uint8Array(numbers.buffer));
    file.close();
  }
}
