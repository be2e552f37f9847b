// A naive model of the owner's word: mode and limit, their ends, and what a restart may forget.

import assert from "node:assert/strict";
import type { Event, OwnerMode } from "../../src/core/event.ts";
import type { State } from "../../src/core/state.ts";

interface Word {
  readonly mode: OwnerMode;
  readonly modeUntil: number | undefined;
  readonly limit: { readonly currentA: number; readonly until: number | undefined } | undefined;
}

const SILENCE: Word = { mode: { mode: "auto" }, modeUntil: undefined, limit: undefined };

export class OwnersWord {
  /** What the disk may have, oldest first; the last one counts. */
  #words: Word[] = [SILENCE];

  get mode(): OwnerMode {
    return this.#now.mode;
  }

  /** What nobody may be allowed to exceed, A; what is over is not waited for. */
  capA(wallMs: number): number {
    const { mode, modeUntil = Infinity, limit } = this.#now;
    if (mode.mode === "paused" && modeUntil > wallMs) return 0;
    return limit && (limit.until ?? Infinity) > wallMs ? limit.currentA : Infinity;
  }

  get #now(): Word {
    return this.#words.at(-1)!;
  }

  /** The core is about to be told; `wallMs`: the time by its clock. */
  hear(event: Event, wallMs: number): void {
    const word = this.#now;
    switch (event.type) {
      case "owner": {
        const { mode, until } = event;
        return this.#say(
          mode.mode === "auto" ? SILENCE : { ...word, mode, modeUntil: until },
        );
      }
      case "owner_limit": {
        const { currentA, until } = event;
        const limit = currentA === undefined ? undefined : { currentA, until };
        return this.#say({ ...word, limit });
      }
      case "tick":
        if (word.modeUntil !== undefined && word.modeUntil <= wallMs) {
          this.#say({ ...word, mode: SILENCE.mode, modeUntil: undefined });
        }
        if (word.limit?.until !== undefined && word.limit.until <= wallMs) {
          this.#say({ ...this.#now, limit: undefined });
        }
    }
  }

  /** A step has ended; `owed`: what it had to write at once could not be written. */
  check(state: State, owed: boolean): void {
    const word = wordOf(state);
    if (textOf(word) !== textOf(this.#now)) {
      assert.deepEqual(word, this.#now, "P3: the owner's word does not count");
    }
    if (!owed && this.#words.length > 1) this.#words = [this.#now];
  }

  /** The process has died, and lives again: only what the disk did not take may be forgotten. */
  restarted(state: State): void {
    const word = wordOf(state);
    const known = this.#words.some((one) => textOf(one) === textOf(word));
    assert.ok(known, `P3: the owner's word is forgotten: ${textOf(word)}`);
    this.#words = [word];
  }

  #say(word: Word): void {
    this.#words.push(word);
  }
}

function textOf({ mode, modeUntil, limit }: Word): string {
  const who = mode.mode === "backend" ? mode.backendId : "";
  return `${mode.mode} ${who} ${modeUntil} ${limit?.currentA} ${limit?.until}`;
}

function wordOf({ control }: State): Word {
  const { mode, modeUntil, ownerLimit } = control;
  const limit = ownerLimit && { currentA: ownerLimit.currentA, until: ownerLimit.until };
  return { mode, modeUntil, limit };
}
