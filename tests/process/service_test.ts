// The real program as a service, in a process that may use sockets of systemd's kind.

import { testWithSockets } from "../support/service_manager.ts";

Deno.test("serve tells the manager that started it what it does, and that it is alive", () =>
  testWithSockets(new URL("./service_scenario.ts", import.meta.url)));
