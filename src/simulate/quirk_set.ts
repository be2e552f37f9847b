// The quirks of one charger at work: each of them changes in turn what is said, heard and done.

import type { MessageId } from "../ocpp/frame.ts";
import { isJsonObject, type JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";
import type { VirtualCharger } from "./charger.ts";
import type { CallPlan, Coding, ExtraCall, Manner } from "./manner.ts";
import { PROPER } from "./manner.ts";
import type { Reply } from "./peer.ts";
import { type PerAction, PROPER_TRAITS, type Quirk, type Traits } from "./quirk.ts";
import type { DialOptions } from "./web_socket.ts";

/** Any number of quirks, in the order in which they apply; none: a proper charger. */
export class QuirkSet implements Manner {
  readonly #quirks: readonly Quirk[];
  readonly #charger: VirtualCharger;
  readonly #ids: (action: string) => MessageId;
  readonly traits: Traits;

  constructor(quirks: readonly Quirk[], charger: VirtualCharger) {
    this.#quirks = quirks;
    this.#charger = charger;
    this.#ids = quirks.findLast(({ ids }) => ids)?.ids?.() ?? PROPER.messageId;
    this.traits = Object.assign({}, PROPER_TRAITS, ...quirks.map(({ traits }) => traits));
  }

  get coding(): Coding {
    return this.#quirks.findLast(({ coding }) => coding)?.coding ?? PROPER.coding;
  }

  /** The configuration keys that differ from a proper charger's. */
  get settings(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#quirks.map(({ settings }) => settings));
  }

  dial(dial: DialOptions, attempt: number): DialOptions {
    return this.#quirks.reduce((changed, quirk) => quirk.dial?.(changed, attempt) ?? changed, dial);
  }

  plan(action: Action, payload: JsonObject): CallPlan {
    const charger = this.#charger;
    for (const withhold of this.#of("withholds", action)) {
      const confirmation = withhold(payload, charger);
      if (confirmation) return { payload, confirmation, extras: [] };
    }
    const said = this.#of("says", action)
      .reduce((changed, say) => say(changed, charger), payload);
    // What is added is as oddly worded as the rest, but nothing is added to it again.
    const extras = this.#of("adds", action).flatMap((add): ExtraCall[] => add(said, charger));
    return { payload: said, extras };
  }

  messageId(action: string): MessageId {
    return this.#ids(action);
  }

  frames(text: string): readonly string[] {
    return this.#quirks.reduce<readonly string[]>(
      (texts, { frames }) => frames ? texts.flatMap(frames) : texts,
      [text],
    );
  }

  /** Answers a command, which `obey` carries out. */
  answer(action: Action, payload: JsonObject, obey: (heard: JsonObject) => Reply) {
    const charger = this.#charger;
    const heard = this.#of("hears", action).reduce((changed, hear) => hear(changed), payload);
    const then = () => this.#of("then", action).forEach((act) => act(heard, charger));
    for (const instead of this.#of("instead", action)) {
      const answer = instead(heard, charger);
      if (isJsonObject(answer)) return { payload: answer, afterwards: then };
      if (answer === "silence") {
        then();
        return answer;
      }
    }
    const reply = obey(heard);
    return {
      payload: this.#of("answers", action).reduce((said, word) => word(said), reply.payload),
      afterwards: () => {
        reply.afterwards?.();
        then();
      },
    };
  }

  tick(): void {
    for (const { ticks } of this.#quirks) ticks?.(this.#charger);
  }

  #of<K extends "says" | "withholds" | "adds" | "hears" | "instead" | "answers" | "then">(
    kind: K,
    action: Action,
  ): NonNullable<Quirk[K]> extends PerAction<infer F> ? F[] : never;
  #of(kind: "says", action: Action): unknown[] {
    return this.#quirks.flatMap((quirk) => quirk[kind]?.[action] ?? quirk[kind]?.["*"] ?? []);
  }
}
