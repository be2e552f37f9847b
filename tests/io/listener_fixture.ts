// A listener on a free port that admits everybody, and what it saw.

import { type Admission, listen, type Listener } from "../../src/io/listener.ts";
import type { ListenerOptions, UpgradeRequest } from "../../src/io/listener.ts";
import type { Socket } from "../../src/io/socket.ts";
import { SocketRecorder } from "./socket_recorder.ts";

export interface Visit {
  readonly request: UpgradeRequest;
  readonly socket: Socket;
  readonly recorder: SocketRecorder;
}

export interface Fixture {
  readonly listener: Listener;
  readonly port: number;
  readonly visits: Visit[];
  readonly logged: { level: string; message: string; values: Record<string, unknown> }[];
}

/**
 * A path with `/backend` in it is a backend, anything else the charger. The first protocol offered
 * that is `ocpp1.6` is taken. `admit` in `options` may look first.
 */
export async function withListener(
  test: (fixture: Fixture) => Promise<void>,
  options: Partial<Omit<ListenerOptions, "admit">> & {
    admit?: (request: UpgradeRequest) => Admission | undefined;
  } = {},
): Promise<void> {
  const visits: Visit[] = [];
  const logged: Fixture["logged"] = [];
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("nothing here\n", { status: 404 }),
    log: (level, message, values) => logged.push({ level, message, values }),
    ...options,
    admit: (request) =>
      options.admit?.(request) ?? {
        accept: true,
        protocol: request.offeredProtocols.find((offered) => offered === "ocpp1.6") ?? "",
        kind: request.path.includes("/backend") ? "backend" : "charger",
        opened(socket) {
          const recorder = new SocketRecorder();
          socket.handler = recorder;
          visits.push({ request, socket, recorder });
        },
      },
  });
  try {
    await test({ listener, port: listener.port, visits, logged });
  } finally {
    await listener.close();
  }
}
