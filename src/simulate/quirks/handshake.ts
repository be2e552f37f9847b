// Quirks of connecting and staying connected: address, handshake, WebSocket frames, pings.

import type { Quirk } from "../quirk.ts";
import { basicAuthorization } from "../web_socket.ts";

const SERIAL = "SN-0001";

export const HANDSHAKE_QUIRKS: readonly Quirk[] = [
  {
    name: "no-subprotocol",
    brands: ["grizzl-e"],
    does: "offers no WebSocket subprotocol",
    source: "lbbrhzn/ocpp#442",
    dial: (dial) => ({ ...dial, protocols: [] }),
  },
  {
    name: "no-identity",
    brands: ["grizzl-e"],
    does: "connects to the address as it was typed, without its identity",
    source: "steve-community/steve#1109",
    dial: (dial) => ({ ...dial, url: dial.url.replace(/\/[^/]*$/, "") }),
  },
  {
    name: "version-probe",
    brands: ["foxess"],
    does: "offers only OCPP 2.0.1 at every other connection, from the first on",
    source: "lbbrhzn/ocpp#2008",
    dial: (dial, attempt) => attempt % 2 === 0 ? { ...dial, protocols: ["ocpp2.0.1"] } : dial,
  },
  {
    name: "protocol-list",
    brands: [],
    does: "offers ocpp1.6,ocpp1.5 without a space between them",
    source: "deduced from denoland/deno ext/http/02_websocket.ts",
    dial: (dial) => ({ ...dial, protocols: ["ocpp1.6", "ocpp1.5"] }),
  },
  {
    name: "protocol-upper-case",
    brands: [],
    does: "offers the subprotocol as OCPP1.6",
    source: "deduced from denoland/deno ext/http/02_websocket.ts",
    dial: (dial) => ({ ...dial, protocols: ["OCPP1.6"] }),
  },
  {
    name: "no-connection-upgrade",
    brands: ["ocular", "garo"],
    does: "asks for an upgrade without `Connection: Upgrade`",
    source: "lbbrhzn/ocpp#1984, lbbrhzn/ocpp#1099",
    dial: (dial) => ({ ...dial, handshake: { Connection: "keep-alive" } }),
  },
  {
    name: "slashes",
    brands: ["zj-beny"],
    does: "puts three slashes before its identity",
    source: "lbbrhzn/ocpp#1078",
    dial: (dial) => ({ ...dial, url: dial.url.replace(/\/([^/]*)$/, "///$1") }),
  },
  {
    name: "serial-appended",
    brands: ["en+", "wallbox"],
    does: `adds a serial number, ${SERIAL}, to whatever address was typed`,
    source: "lbbrhzn/ocpp docs/supported-devices.md",
    dial: (dial) => ({ ...dial, url: `${dial.url}/${SERIAL}` }),
  },
  {
    name: "trailing-slash",
    brands: ["zappi"],
    does: "ends its address with a slash",
    source: "netzero-labs/netzero#64",
    dial: (dial) => ({ ...dial, url: `${dial.url}/` }),
  },
  {
    name: "empty-user",
    brands: ["zappi"],
    does: "sends its password with an empty user name",
    source: "netzero-labs/netzero#64, ChargeTimeEU/Java-OCA-OCPP#299",
    dial: (dial) => {
      const encoded = dial.headers?.authorization?.replace("Basic ", "");
      if (encoded === undefined) return dial;
      const [, password = ""] = /:(.*)/s.exec(atob(encoded)) ?? [];
      return { ...dial, headers: { authorization: basicAuthorization("", password) } };
    },
  },
  {
    name: "origin-file",
    brands: ["enercab", "eledio"],
    does: "sends `Origin: file://`",
    source: "evcc-io/evcc#13990",
    dial: (dial) => ({ ...dial, headers: { ...dial.headers, origin: "file://" } }),
  },
  {
    name: "overlapping-connection",
    brands: ["grizzl-e"],
    does: "opens a second connection, once, while the first one is still open",
    source: "lorenzodonini/ocpp-go#358",
    traits: { overlapAfterMs: 100 },
  },
  {
    name: "binary-frames",
    brands: [],
    does: "sends its JSON in binary WebSocket messages",
    source: "deduced",
    coding: "binary",
  },
  {
    name: "fragments",
    brands: [],
    does: "sends each message in three fragments",
    source: "deduced",
    coding: "fragments",
  },
  {
    name: "no-pong",
    brands: [],
    does: "never answers a WebSocket ping",
    source: "mobilityhouse/ocpp#626, lbbrhzn/ocpp#140",
    dial: (dial) => ({ ...dial, pong: false }),
  },
  {
    name: "pings",
    brands: [],
    does: "sends WebSocket pings of its own",
    source: "lorenzodonini/ocpp-go#44",
    traits: { pingEveryMs: 100 },
  },
  {
    name: "rare-heartbeat",
    brands: ["grizzl-e"],
    does: "sends a heartbeat once an hour, whatever it was told",
    source: "kccricket/grizzle-ocpp-proxy README",
    settings: { HeartbeatInterval: "3600" },
    traits: { keepsHeartbeat: true },
  },
];
