// A peer in another language, as a child process that is told what to do in lines of JSON.

import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";

/** One text message on the peer's WebSocket. */
export interface WireFrame {
  readonly direction: "in" | "out";
  readonly text: string;
}

type Report =
  | { type: "connected"; identity?: string; protocol?: string | null }
  | { type: "disconnected"; reason: string }
  | { type: "listening"; port: number }
  | { type: "frame" } & WireFrame
  | { type: "answer"; id: number; payload: Payload }
  | { type: "answer"; id: number; error: string }
  | { type: "problem"; text: string };

interface Waiting {
  resolve(payload: Payload): void;
  reject(error: unknown): void;
}

/** It says that it listens, or is connected, within this. */
const READY_TIMEOUT_MS = 10_000;
/** After this a peer that does not end is killed. */
const CLOSE_TIMEOUT_MS = 3_000;

/** A peer that runs until it is closed. */
export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  #lastCommand = 0;
  #errors = "";
  #ended = false;
  /** Everything on its WebSocket, oldest first. */
  readonly frames: WireFrame[] = [];
  /** What its library complained of. */
  readonly problems: string[] = [];
  /** The reports of new connections, oldest first. */
  readonly connections: (Report & { type: "connected" })[] = [];
  connected = false;
  /** Where it listens, if it does. */
  port: number | undefined;

  constructor(program: string, args: readonly string[]) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#reading = Promise.all([this.#readReports(), this.#readErrors()]);
  }

  /** Waits until it listens or is connected; throws with its own words when it ends instead. */
  async ready(): Promise<void> {
    await until(
      async () => {
        if (!this.#ended) return this.port !== undefined || this.connected;
        await this.#reading;
        throw new Error(`the peer ended: ${this.#errors}`);
      },
      READY_TIMEOUT_MS,
      "the peer to be ready",
    );
  }

  /** Has it do something; rejects with the name of the error that it reports. */
  command(what: Payload): Promise<Payload> {
    const id = ++this.#lastCommand;
    const { promise, resolve, reject } = Promise.withResolvers<Payload>();
    // A test that fails leaves commands behind; their fate must not hide what went wrong.
    promise.catch(() => {});
    this.#waiting.set(id, { resolve, reject });
    const line = `${JSON.stringify({ id, ...what })}\n`;
    this.#commands.write(new TextEncoder().encode(line)).catch(reject);
    return promise;
  }

  /** Ends it by closing its standard input. */
  async close(): Promise<void> {
    await this.#commands.close().catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
  }

  async #readReports(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
    this.#ended = true;
    for (const answer of this.#waiting.values()) answer.reject(new Error("the peer has ended"));
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors += text;
    }
  }

  #take(report: Report): void {
    switch (report.type) {
      case "connected":
        this.connected = true;
        this.connections.push(report);
        break;
      case "disconnected":
        this.connected = false;
        break;
      case "listening":
        this.port = report.port;
        break;
      case "frame":
        this.frames.push(report);
        break;
      case "answer": {
        const answer = this.#waiting.get(report.id);
        this.#waiting.delete(report.id);
        if ("error" in report) answer?.reject(new Error(report.error));
        else answer?.resolve(report.payload);
        break;
      }
      case "problem":
        this.problems.push(report.text);
        break;
      default:
        report satisfies never;
    }
  }
}
