// Quirks of frames as text: JSON that is none, message ids, CALLERRORs.

import type { Quirk } from "../quirk.ts";
import { frameKind, mapTexts } from "./payload.ts";

/** Changes the text of some frames, by their kind. */
function textOf(kinds: readonly string[], change: (text: string) => string) {
  return (
    text: string,
  ): readonly string[] => [kinds.includes(frameKind(text)) ? change(text) : text];
}

export const FRAME_QUIRKS: readonly Quirk[] = [
  {
    name: "nul-characters",
    brands: ["wallbe"],
    does: "ends the texts of its boot with NUL, escaped and as a raw byte",
    source: "evcc-io/evcc#3685",
    says: { BootNotification: (payload) => mapTexts(payload, (text) => `${text}\u0000`) },
    frames: textOf(["BootNotification"], (text) => text.replace("\\u0000", "\u0000")),
  },
  {
    name: "missing-bracket",
    brands: ["grizzl-e"],
    does: "loses the last bracket of its heartbeats",
    source: "lbbrhzn/ocpp#176",
    frames: textOf(["Heartbeat"], (text) => text.slice(0, -1)),
  },
  {
    name: "missing-keys",
    brands: ["grizzl-e"],
    does: 'answers GetConfiguration with `"configurationKey":]`',
    source: "kccricket/grizzle-ocpp-proxy",
    frames: (text) => [text.replace(/"configurationKey":\[.*\]/s, '"configurationKey":]}]')],
  },
  {
    name: "invalid-json",
    brands: ["zj-beny"],
    does: "puts a comma too many into its heartbeats",
    source: "lbbrhzn/ocpp#1078",
    frames: textOf(["Heartbeat"], (text) => text.replace("{}", "{,}")),
  },
  {
    name: "error-details-text",
    brands: ["simpson"],
    does: 'ends a CALLERROR with "" in place of an object',
    source: "lbbrhzn/ocpp#1911",
    frames: textOf(["[4]"], (text) => text.replace(/,\{\}\]$/, ',""]')),
  },
  {
    name: "error-without-details",
    brands: ["simpson"],
    does: "sends a CALLERROR of four elements",
    source: "lbbrhzn/ocpp#1911",
    frames: textOf(["[4]"], (text) => text.replace(/,(?:\{\}|"")\]$/, "]")),
  },
  {
    name: "same-id-resent",
    brands: ["microocpp", "warp"],
    does: "sends StartTransaction twice under one message id, without waiting",
    source: "matth-x/MicroOcpp#50",
    frames: (text) => frameKind(text) === "StartTransaction" ? [text, text] : [text],
  },
  {
    name: "ids-restart",
    brands: ["warp"],
    does: "counts its message ids from 1, and again after every boot",
    source: "measured; deduced",
    ids: () => {
      let last = 0;
      return (action) => {
        if (action === "BootNotification") last = 0;
        return String(++last);
      };
    },
  },
  {
    name: "numeric-ids",
    brands: [],
    does: "writes message ids as numbers",
    source: "mobilityhouse, MicroOcpp and shiv3 answer them: measured",
    ids: () => {
      let last = 0;
      return () => ++last;
    },
  },
  {
    name: "spaces",
    brands: ["abl"],
    does: "puts spaces between the elements of a frame",
    source: "evcc-io/evcc#7458",
    frames: (text) => [text.replace(/^\[(\d),("[^"]*"|\d+),/, "[$1, $2 ,")],
  },
];
