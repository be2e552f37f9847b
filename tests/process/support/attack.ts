// Starts an attacker as a process of its own, so that it slows down nobody but its victim.

import { fileURLToPath } from "node:url";
import type { AttackName, AttackOptions, AttackReport } from "./attacker.ts";

const ATTACKER = fileURLToPath(new URL("./attacker.ts", import.meta.url));

/** An attack under way. */
export class Attack<Name extends AttackName> {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;
  ended = false;

  constructor(name: Name, options: AttackOptions<Name>) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", ATTACKER, name, JSON.stringify(options)],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#child.output();
    this.#output.then(() => this.ended = true);
  }

  /** What came of it, once it has ended by itself. */
  async report(): Promise<AttackReport<Name>> {
    const { success, stdout, stderr } = await this.#output;
    const decoder = new TextDecoder();
    if (!success) throw new Error(`the attacker failed: ${decoder.decode(stderr)}`);
    return JSON.parse(decoder.decode(stdout));
  }

  /** Ends it, if it runs. */
  async stop(): Promise<void> {
    if (!this.ended) this.#child.kill("SIGKILL");
    await this.#output;
  }
}
