// The owner of the kill tests: speaks by REST or the command line, and knows what was confirmed.

import assert from "node:assert/strict";
import type { Program } from "../../support/program.ts";
import type { Payload } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";
import type { Random } from "./random.ts";

/** What the owner has said, as `GET /api/v1/override` has it, without its ends. */
interface Word {
  readonly mode: string;
  readonly backend_id: string | null;
  readonly limit_a: number | null;
}

/** One thing to say. */
interface Saying {
  /** After `override` at the command line. */
  readonly words: readonly string[];
  readonly body: Payload;
  readonly change: (word: Word) => Word;
}

interface Asked {
  readonly backendId: string;
  readonly rule: string;
  answer: "none" | "said" | "confirmed";
}

const AUTO: Word = { mode: "auto", backend_id: null, limit_a: null };

export class Owner {
  readonly #program: Program;
  readonly #script: string;
  readonly #random: Random;
  /** The last word that was confirmed, and the one that was said since, if any. */
  #confirmed: Word = AUTO;
  #said: Word | undefined;
  readonly #asked = new Map<number, Asked>();
  /** Words that were confirmed. */
  words = 0;
  /** Answers that were confirmed. */
  answers = 0;

  /** `script`: the program, for `override` as a process. */
  constructor(program: Program, script: string, random: Random) {
    this.#program = program;
    this.#script = script;
    this.#random = random;
  }

  get questions(): number {
    return this.#asked.size;
  }

  /** Says things until the program is killed. */
  async speak(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await pause(this.#random.between(0, 200));
      try {
        if (this.#random.chance(0.5)) await this.#answer();
        else await this.#say(isOver);
      } catch (error) {
        if (!isOver()) throw error;
      }
    }
  }

  /** Says it by REST, and it has to be confirmed. */
  async say(body: Payload, word: Partial<Word>): Promise<void> {
    await this.#fetch("override", body);
    this.#confirmed = { ...this.#confirmed, ...word };
  }

  /** After a restart: what was confirmed is still in force, and every open question is open. */
  async check(): Promise<void> {
    const { mode, backend_id, limit_a } = await this.#fetch("override");
    const found = { mode, backend_id, limit_a } as unknown as Word;
    const possible = [this.#confirmed, this.#said].filter((word) => word !== undefined);
    const text = JSON.stringify(found);
    const known = possible.map((word) => JSON.stringify(word));
    assert.ok(known.includes(text), `${text} after the restart, not one of ${known}`);
    this.#confirmed = found;
    this.#said = undefined;
    const open = await this.#look();
    for (const [id, { answer }] of this.#asked) {
      if (answer === "none") assert.ok(open.has(id), `question ${id} was forgotten`);
      if (answer === "confirmed") assert.ok(!open.has(id), `question ${id} is open again`);
      if (answer === "said" && open.has(id)) this.#asked.get(id)!.answer = "none";
    }
    const { holder } = await this.#fetch("status") as { holder: { backend_id: string } | null };
    const { mode: now, backend_id: given } = this.#confirmed;
    if (now === "backend") assert.ok(holder === null || holder.backend_id === given);
    else if (now !== "auto") assert.equal(holder, null, `${holder?.backend_id} in ${now}`);
  }

  /** Reads the open questions: each number stands for one backend and rule, and those for it. */
  async #look(): Promise<ReadonlySet<number>> {
    const { requests } = await this.#fetch("requests");
    const open = requests as { id: number; backend_id: string; rule: string }[];
    for (const { id, backend_id: backendId, rule } of open) {
      const known = this.#asked.get(id);
      if (known) assert.deepEqual([known.backendId, known.rule], [backendId, rule]);
      const twice = [...this.#asked].find(([other, asked]) =>
        other !== id && asked.backendId === backendId && asked.rule === rule
      );
      assert.equal(twice, undefined, `${backendId} and '${rule}' were asked about twice`);
      if (!known) this.#asked.set(id, { backendId, rule, answer: "none" });
    }
    return new Set(open.map(({ id }) => id));
  }

  async #answer(): Promise<void> {
    const [id] = [...await this.#look()];
    if (id === undefined || this.#random.chance(0.5)) return;
    const asked = this.#asked.get(id)!;
    asked.answer = "said";
    await this.#fetch(`requests/${id}`, { decision: this.#random.pick(["allow", "deny"]) });
    asked.answer = "confirmed";
    this.answers++;
  }

  async #say(isOver: () => boolean): Promise<void> {
    const { words, body, change } = this.#random.pick(this.#sayings());
    this.#said = change(this.#confirmed);
    if (this.#random.chance(0.1)) {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", "--allow-read", "--allow-env", this.#script, "override"]
          .concat(words, "--config", this.#program.configPath),
        env: { NO_COLOR: "1" },
      }).output();
      // Killed in the middle of it, it may have been understood.
      if (code !== 0 && isOver()) return;
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    } else await this.#fetch("override", body);
    this.#confirmed = this.#said;
    this.#said = undefined;
    this.words++;
  }

  #sayings(): Saying[] {
    const limit_a = this.#random.between(6, 32);
    const mode = (name: string, word: string, backend_id: string | null = null): Saying => ({
      words: backend_id === null ? [word] : [word, backend_id],
      body: { mode: name, ...backend_id !== null && { backend_id } },
      change: ({ limit_a }) => ({ mode: name, backend_id, limit_a }),
    });
    const auto = { words: ["auto"], body: { mode: "auto" }, change: () => AUTO };
    return [
      auto,
      auto,
      auto,
      auto,
      mode("paused", "pause"),
      mode("owner_only", "owner-only"),
      mode("backend", "give", "evcc"),
      {
        words: ["limit", "off"],
        body: { limit_a: null },
        change: (word) => ({ ...word, limit_a: null }),
      },
      {
        words: ["limit", String(limit_a)],
        body: { limit_a },
        change: (word) => ({ ...word, limit_a }),
      },
    ];
  }

  async #fetch(path: string, body?: Payload): Promise<Payload> {
    const response = await fetch(`${this.#program.httpUrl}/api/v1/${path}`, {
      ...body && {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      },
    });
    const answer = await response.json();
    // Its deadline may come before the answer.
    assert.ok(response.status === 200, `${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
