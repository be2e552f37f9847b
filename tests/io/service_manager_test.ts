// What a manager of services is told, in a process that may use sockets of systemd's kind.

import { testWithSockets } from "../support/service_manager.ts";

Deno.test("a service tells its manager what it does, and that it is alive", () =>
  testWithSockets(new URL("./service_manager_scenario.ts", import.meta.url)));
