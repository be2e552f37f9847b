// Property tests repeat themselves: SEED=… tries other cases, and a failure prints its own seed.

import fc from "fast-check";

fc.configureGlobal({ seed: Number(Deno.env.get("SEED") ?? 1) });
