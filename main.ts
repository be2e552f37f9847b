// Starts the command line.

import { runProgram } from "./src/cli/app.ts";
import { processContext } from "./src/cli/context.ts";

Deno.exit(await runProgram(Deno.args, processContext()));
