// What a backend is told of a decision: that, and by which rule, but nothing about the household.

import type { Backend } from "./backend_state.ts";
import type { State } from "./state.ts";

/** What stands for the names of others where a backend sees only what is its own. */
const SOMEBODY = "somebody else";

/**
 * The reason of a decision as its backend may read it. After a dash the facts begin (who is home,
 * what the house draws): they are the owner's. One that `sees: own` learns no other backend's name.
 */
export function toldReason({ backends }: State, backend: Backend, reason: string): string {
  const [said = ""] = reason.split(" — ", 1);
  if (backend.configuration.sees === "all") return said;
  const others = [...backends.keys()].filter((id) => id !== backend.id)
    .sort((a, b) => b.length - a.length);
  return others.reduce((text, id) => replaceName(text, id), said);
}

/** Replaces a name where it stands as a word of its own. */
function replaceName(text: string, name: string): string {
  const isPart = (character: string | undefined) => /[\p{L}\p{N}._~@-]/u.test(character ?? " ");
  let result = "";
  for (let from = 0;;) {
    const at = text.indexOf(name, from);
    if (at < 0) return result + text.slice(from);
    const end = at + name.length;
    const stands = !isPart(text[at - 1]) && !isPart(text[end]);
    result += text.slice(from, at) + (stands ? SOMEBODY : name);
    from = end;
  }
}
