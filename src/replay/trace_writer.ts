// Writes the frames of a replay as Open OCPP Trace 1.1, so that other tools can read them.

import type { State } from "../core/step.ts";
import { parseFrame } from "../ocpp/frame.ts";
import { isJsonObject, type JsonObject, stringifyJson } from "../ocpp/json.ts";
import type { Scene } from "./engine.ts";
import { forgetOldest } from "./forget_oldest.ts";
import { peerName } from "./scene_text.ts";

/** CALLs that may still be answered. */
const MAX_OPEN = 2_000;

/** Turns scenes into lines. */
export class TraceWriter {
  #chargePointId = "CP001";
  /** Backends that speak OCPP, by their connection. */
  readonly #ocpp = new Set<number>();
  /** CALLs by hop, sender and message id. */
  readonly #open = new Map<string, JsonObject>();

  /** Who is connected at the beginning: a recording may go on from another one. */
  begin({ charger, backends }: State): void {
    this.#chargePointId = charger.id ?? this.#chargePointId;
    for (const { link } of backends.values()) {
      if (link.type === "open" && link.protocol === "ocpp1.6") this.#ocpp.add(link.connection);
    }
  }

  /** A line with its end; undefined: no frame of OCPP. */
  line(scene: Scene): string | undefined {
    if (scene.type === "event") this.#learn(scene);
    if (scene.type !== "received" && scene.type !== "sent") return undefined;
    const { at, backendId, connection, text } = scene;
    // The simple protocol of JSON backends is not OCPP.
    if (backendId !== undefined && !this.#ocpp.has(connection)) return undefined;
    // To the charger we are the central system, to a backend the charge point.
    const up = (scene.type === "received") === (backendId === undefined);
    const line: JsonObject = {
      schemaVersion: "1.1",
      timestamp: new Date(at).toISOString(),
      ocppVersion: "1.6",
      transport: "json",
      chargePointId: this.#chargePointId,
      direction: up ? "cp-to-csms" : "csms-to-cp",
      ...this.#content(text, `${connection} ${up}`, `${connection} ${!up}`),
      raw: text,
      meta: {
        peer: peerName(backendId),
        hop: backendId === undefined ? "charger" : "backend",
        conn: connection,
      },
    };
    return `${stringifyJson(line)}\n`;
  }

  #learn({ event }: Scene & { type: "event" }): void {
    if (event.type === "charger_connected") this.#chargePointId = event.chargePointId;
    if (event.type === "backend_connected" && event.protocol === "ocpp1.6") {
      this.#ocpp.add(event.connection);
    }
    if (event.type === "backend_disconnected") this.#ocpp.delete(event.connection);
  }

  /** `here`, `there`: who sends this frame, and who would have sent the CALL that it answers. */
  #content(text: string, here: string, there: string): JsonObject {
    const frame = parseFrame(text);
    switch (frame.type) {
      case "call": {
        const { id, action, payload } = frame;
        const { connectorId } = payload;
        const about = { action, ...Number.isInteger(connectorId) && { connectorId } };
        this.#open.set(`${here} ${id}`, about);
        forgetOldest(this.#open, MAX_OPEN);
        return { messageType: "CALL", messageId: String(id), ...about, payload };
      }
      case "result": {
        const { id, payload } = frame;
        return {
          messageType: "CALLRESULT",
          messageId: String(id),
          ...this.#answered(`${there} ${id}`),
          payload,
        };
      }
      case "error": {
        const { id, code, description, details } = frame;
        return {
          messageType: "CALLERROR",
          messageId: String(id),
          ...this.#answered(`${there} ${id}`),
          payload: {},
          error: { code, description, details: isJsonObject(details) ? details : {} },
        };
      }
      case "malformed":
        // The format has no word for it; `raw` tells.
        return {
          messageType: frame.failedCall === undefined ? "CALL" : "CALLRESULT",
          messageId: String(frame.reply?.id ?? frame.failedCall ?? ""),
          payload: {},
          error: { code: "FormationViolation", description: frame.reason, details: {} },
        };
    }
  }

  #answered(key: string): JsonObject {
    const about = this.#open.get(key) ?? {};
    this.#open.delete(key);
    return about;
  }
}
