// A fact together with its name: what `ha("binary_sensor.home")` is in an expression.

import type { Fact } from "./fact.ts";

/** A fact that somebody has asked for and that is known. */
export class ToldFact {
  constructor(readonly name: string, readonly fact: Fact) {}

  get state(): string {
    return this.fact.value;
  }
}
