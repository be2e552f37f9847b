// The real program as a child process: `serve` on a free port, with a data folder of its own.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** What `serve` writes to `server.json` in its data folder once it listens. */
export interface ServerFile {
  readonly pid: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

export interface ProgramOptions {
  /** YAML, without `listen` and `data_dir`, which are given. */
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Flags of `serve` beside `--config`. */
  readonly flags?: readonly string[];
  /** What `deno` is run by, such as `prlimit`; it must become `deno` itself (exec). */
  readonly runner?: readonly string[];
  /** The script to run; default: `main.ts`. A bundle starts faster. */
  readonly script?: string | undefined;
  /** Sees what it writes, as it comes. */
  readonly output?: (text: string) => void;
  /** How long it may take until it listens, wall-clock milliseconds. */
  readonly startTimeoutMs?: number;
}

/** A `serve` that can be killed and started again on the same data. */
export class Program {
  readonly #options: ProgramOptions;
  readonly #folder: string;
  #child: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #server: ServerFile | undefined;
  #config: string;
  #port = 0;
  /** Everything written to standard output, of all runs. */
  stdout = "";
  /** Everything written to standard error, of all runs. */
  stderr = "";

  constructor(folder: string, options: ProgramOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#config = options.config ?? "";
  }

  get dataDir(): string {
    return join(this.#folder, "data");
  }

  get configPath(): string {
    return join(this.#folder, "config.yaml");
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    if (!this.#child) throw new Error("the program does not run");
    return this.#child.pid;
  }

  /** `http://127.0.0.1:PORT` */
  get httpUrl(): string {
    if (!this.#server) throw new Error("the program does not listen");
    return this.#server.url;
  }

  get port(): number {
    return Number(new URL(this.httpUrl).port);
  }

  /** `ws://127.0.0.1:PORT/charger`, to which a charger adds its id. */
  get chargerUrl(): string {
    return `${this.httpUrl.replace(/^http/, "ws")}/charger`;
  }

  /** `ws://127.0.0.1:PORT/backend`, to which a backend adds its id. */
  get backendUrl(): string {
    return `${this.httpUrl.replace(/^http/, "ws")}/backend`;
  }

  /** Writes another configuration: for the next start, or for a SIGHUP. */
  async configure(config: string): Promise<void> {
    this.#config = config;
    const given = `listen: { host: 127.0.0.1, port: ${this.#port} }\ndata_dir: ${this.dataDir}\n`;
    await Deno.writeTextFile(this.configPath, `${given}${config}\n`);
  }

  /** Starts it and waits until it listens; throws with its own words when it ends instead. */
  async start(): Promise<void> {
    if (this.#child) throw new Error("the program runs already");
    await this.configure(this.#config);
    await Deno.remove(join(this.dataDir, "server.json")).catch(() => {});
    const { flags = [], script = MAIN, runner = [] } = this.#options;
    const [command, ...args] = [
      ...runner,
      Deno.execPath(),
      "run",
      ...RUN_FLAGS,
      script,
      "serve",
      "--config",
      this.configPath,
      ...flags,
    ] as const;
    const child = new Deno.Command(command!, {
      args,
      env: { NO_COLOR: "1", ...this.#options.environment },
      cwd: this.#folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    const { output } = this.#options;
    this.#reading = Promise.all([
      drain(child.stdout, (text) => {
        this.stdout += text;
        output?.(text);
      }),
      drain(child.stderr, (text) => {
        this.stderr += text;
        output?.(text);
      }),
    ]);
    let ended: Deno.CommandStatus | undefined;
    child.status.then((status) => ended = status);
    this.#server = await until(
      async () => {
        if (ended) {
          await this.#reading;
          this.#child = undefined;
          throw new Error(`serve ended with code ${ended.code}: ${this.stderr}${this.stdout}`);
        }
        const file = await readServerFile(join(this.dataDir, "server.json"));
        return file?.pid === child.pid ? file : undefined;
      },
      this.#options.startTimeoutMs ?? START_TIMEOUT_MS,
      "serve to listen",
    );
    // Peers come back to where they were, so a restart stays there.
    this.#port = Number(new URL(this.#server.url).port);
  }

  /** Sends a signal without waiting for what it does. */
  signal(signal: Deno.Signal): void {
    if (this.#child) send(this.#child, signal);
  }

  /** Ends it by a signal and waits until it is gone; returns how it ended. */
  async kill(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    const child = this.#child;
    if (!child) throw new Error("the program does not run");
    send(child, signal);
    const timer = setTimeout(() => send(child, "SIGKILL"), STOP_TIMEOUT_MS);
    const status = await child.status;
    clearTimeout(timer);
    await this.#reading;
    this.#child = undefined;
    this.#server = undefined;
    return status;
  }

  /** Ends it, if it runs, and starts it again on the same data and port. */
  async restart(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    if (this.#child) await this.kill(signal);
    await this.start();
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    if (this.#child) await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Those of the task `serve`: no more. */
const RUN_FLAGS = [
  "--v8-flags=--max-semi-space-size=2,--max-old-space-size=256",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
];
const START_TIMEOUT_MS = 15_000;
/** After this a program that does not end is killed. */
const STOP_TIMEOUT_MS = 10_000;

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended by itself.
  }
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  write: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) write(text);
}

async function readServerFile(path: string): Promise<ServerFile | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    // It is not there yet, or half written.
    return undefined;
  }
}

/** Starts `serve` in a temporary folder, on a free port, and waits until it listens. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  const program = new Program(folder, options);
  try {
    await program.start();
  } catch (error) {
    await program.close();
    throw error;
  }
  return program;
}
