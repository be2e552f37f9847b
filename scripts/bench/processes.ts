// The processes that are measured and those that help: started, spoken to by lines, ended.

import { fileURLToPath } from "node:url";

const running = new Set<Deno.ChildProcess>();

/** Kills every process that is left, for an end without order. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A child that prints lines and reads them. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  /** `args` are those of `deno`. */
  constructor(args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    running.add(this.#child);
    this.#child.status.then(() => running.delete(this.#child));
    this.#lines = lines(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The next line; throws when there is none. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("a process of the measurement has ended by itself");
    return value;
  }

  /** Sends one line and returns the answer. */
  async ask(line: string | number): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await this.line();
  }

  /** Resident memory now, bytes. */
  residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? Number.NaN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    for (let next = await this.#lines.next(); !next.done;) next = await this.#lines.next();
    await this.#child.status;
  }
}

/** The path of a script of this folder. */
export function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Binds a process to cores such as `0-1`; without `taskset` a process stays where it is. */
export async function useCores(pid: number, cores: string): Promise<void> {
  const args = ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)];
  try {
    await new Deno.Command("taskset", { args, stdout: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

export async function* lines(readable: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** How the task `serve` runs the program: permissions and V8's share of memory. */
export function serveFlags(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(scriptPath("../../deno.json")));
  const words = (tasks.serve.command as string).split(" ");
  return words.slice(words.indexOf("run") + 1, words.indexOf("main.ts"));
}

/** A proxy in a folder of its own. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly process: Process;
  /** From the start of the process until a connection was accepted, ms. */
  readonly startedInMs: number;
}

/** Starts `serve` of a program (the bundle or main.ts) in `folder`; `backends` is YAML, `flags` Deno's. */
export async function startProxy(
  program: string,
  folder: string,
  backends: string,
  flags: readonly string[] = serveFlags(),
): Promise<Proxy> {
  const config = `${folder}/config.yaml`;
  const dataDir = `${folder}/data`;
  await Deno.writeTextFile(
    config,
    `listen: { host: 127.0.0.1, port: 0 }\ndata_dir: ${dataDir}\n` +
      `charger: { id: BENCH }\nstart_spacing_ms: 0\n${backends}`,
  );
  const begin = performance.now();
  const process = new Process([
    "run",
    "--quiet",
    ...flags,
    program,
    "serve",
    "--config",
    config,
    "--log-level",
    "warning",
  ]);
  // It greets once it listens.
  await process.line();
  const { url } = JSON.parse(await Deno.readTextFile(`${dataDir}/server.json`));
  const port = Number(new URL(url).port);
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  return {
    port,
    process,
    startedInMs: performance.now() - begin,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
