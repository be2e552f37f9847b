// Home Assistant and a broker in a process of their own, so that both can be stopped at once (SIGSTOP).

import { fileURLToPath } from "node:url";
import { FakeHomeAssistant } from "../../support/fake_home_assistant.ts";
import { MuteBroker } from "../../support/mute_broker.ts";

/** A house that can be made to hang with its connections open. */
export class StalledHouse {
  readonly #child: Deno.ChildProcess;
  readonly yaml: string;

  private constructor(child: Deno.ChildProcess, yaml: string) {
    this.#child = child;
    this.yaml = yaml;
  }

  static async start(): Promise<StalledHouse> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-net", fileURLToPath(import.meta.url)],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let yaml = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      yaml += text;
      if (yaml.endsWith("\n\n")) break;
    }
    return new StalledHouse(child, yaml);
  }

  /** From now on it is there, and does nothing. */
  stall(): void {
    this.#child.kill("SIGSTOP");
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

if (import.meta.main) console.log(new FakeHomeAssistant().yaml + new MuteBroker().yaml);
