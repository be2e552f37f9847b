// Quirks of connecting and booting: what is on the wire, and that the proxy serves it.

import assert from "node:assert/strict";
import { pause, until } from "../support/until.ts";
import type { OddCase } from "./odd_case.ts";
import type { Tee } from "./tee.ts";

function head(pattern: RegExp): (tee: Tee) => boolean {
  return (tee) => pattern.test(tee.connections[0]?.head ?? "");
}

const opcodes = (tee: Tee) => tee.connections[0]?.frames.map(({ opcode }) => opcode) ?? [];

export const ODD_HANDSHAKES: Readonly<Record<string, OddCase>> = {
  "no-subprotocol": { wire: (tee) => !head(/sec-websocket-protocol/i)(tee) },
  "no-identity": { wire: head(/^GET \/charger HTTP/) },
  "version-probe": {
    wire: (tee) =>
      head(/protocol: ocpp2\.0\.1\r?$/im)(tee) &&
      /protocol: ocpp1\.6\r?$/im.test(tee.connections[1]?.head ?? ""),
  },
  "protocol-list": { wire: head(/protocol: ocpp1\.6,ocpp1\.5\r?$/im) },
  "protocol-upper-case": { wire: head(/Protocol: OCPP1\.6\r?$/m) },
  "no-connection-upgrade": { wire: (tee) => !head(/^connection: .*upgrade/im)(tee) },
  "slashes": { wire: head(/^GET \/charger\/\/\/CP1 HTTP/) },
  "serial-appended": { knownAs: "SN-0001", wire: head(/^GET \/charger\/CP1\/SN-0001 HTTP/) },
  "trailing-slash": { wire: head(/^GET \/charger\/CP1\/ HTTP/) },
  "empty-user": {
    password: true,
    wire: head(/authorization: Basic OmEgcGFzc3dvcmQgb2YgMjAgYnl0\r?$/im),
  },
  "origin-file": { wire: head(/^origin: file:\/\/\r?$/im) },
  "overlapping-connection": {
    after: async ({ tee }) => {
      await until(() => tee.connections.length === 2, 2_000, "the second connection");
    },
  },
  "binary-frames": { wire: (tee) => opcodes(tee).includes(2) && !opcodes(tee).includes(1) },
  "fragments": {
    wire: (tee) =>
      tee.connections[0]?.frames.some(({ final, opcode }) => opcode === 1 && !final) === true,
  },
  "no-pong": { wire: (tee) => !opcodes(tee).includes(10) },
  "pings": {
    after: () => pause(150),
    wire: (tee) => opcodes(tee).includes(9),
  },
  "rare-heartbeat": {
    after: ({ charger }) => {
      assert.equal(charger.settings.number("HeartbeatInterval"), 3_600);
      return Promise.resolve();
    },
  },
  "no-boot": {
    bootedBefore: true,
    after: ({ sent }) => {
      assert.ok(!sent.some((text) => text.includes("BootNotification")));
      return Promise.resolve();
    },
  },
  "boot-storm": {
    after: async ({ sent, backend }) => {
      const boots = sent.filter((text) => text.includes('"BootNotification"'));
      assert.equal(boots.length, 5);
      await until(() => backend.payloads("BootNotification").length > 0, 5_000, "the boot");
    },
  },
  "empty-vendor": { shows: /"chargePointVendor":""/ },
  "security-events": { shows: /"SecurityEventNotification"/ },
  "drops-on-early-question": {
    // A backend asks as soon as it can; the proxy holds it back until the boot is over.
    before: async ({ backend }) => void await backend.call("GetConfiguration", {}),
    after: ({ tee }) => {
      assert.equal(tee.connections.length, 1);
      return Promise.resolve();
    },
  },
  "drops-on-boot-trigger": {
    before: async ({ backend, tee }) => {
      await backend.call("TriggerMessage", { requestedMessage: "BootNotification" });
      await pause(100);
      assert.ok(tee.connections.length <= 2, "a loop");
    },
  },
};
