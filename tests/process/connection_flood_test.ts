// The real program, with few file descriptors, among thousands of connections.

import { assertKept } from "./faults/outcome.ts";
import { floodConnections } from "./faults/connection_flood.ts";

Deno.test(
  "1,000 connections of 20 addresses and 256 descriptors: the charger connects within 1 s",
  // Only there has the machine so many addresses of its own.
  { ignore: Deno.build.os !== "linux" },
  async () => {
    assertKept(
      await floodConnections({ connections: 1_000, addresses: 20, descriptors: 256, forMs: 3_000 }),
    );
  },
);
