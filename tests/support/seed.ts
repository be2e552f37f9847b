// Property tests repeat themselves: SEED=… tries other cases, and a failure prints its own seed.

import fc from "fast-check";

const seed = Deno.env.get("SEED") ?? "1";
// Without this, NaN would be a seed like any other.
if (!/^-?\d+$/.test(seed)) throw new Error("SEED needs a whole number");

fc.configureGlobal({ seed: Number(seed) });
