// The flags of every command, as typed values. `app.ts` parses them, each command reads its own.

import type { LogLevel } from "../core/effect.ts";

/** `serve`: flags win over the configuration file. */
export interface ServeFlags {
  readonly config?: string;
  readonly logLevel?: LogLevel;
  readonly host?: string;
  /** 0–65535; 0 takes a free one. */
  readonly port?: number;
  /** A file for the recording. */
  readonly record?: string;
  /** Id tags are recorded as they are. */
  readonly raw: boolean;
}

/** `export`: periods are a year, month, day or instant in the household's time zone. */
export interface ExportFlags {
  readonly config?: string;
  readonly since?: string;
  readonly until?: string;
  readonly backend?: string;
  readonly format: "csv" | "json" | "jsonl";
  /** Totals in place of the sessions. */
  readonly summary?: "month" | "backend";
  /** A file instead of standard output. */
  readonly output?: string;
  readonly showIdTags: boolean;
}

/** `status`: of the running server, or of its database when none runs. */
export interface StatusFlags {
  readonly config?: string;
  /** The server to ask, http or https. */
  readonly url?: string;
  readonly token?: string;
  readonly watch: boolean;
  readonly json: boolean;
}

/** `override …`: the owner's word, to the running server. */
export interface OverrideFlags {
  readonly config?: string;
  /** The server to tell, http or https. */
  readonly url?: string;
  readonly token?: string;
  /** Seconds. */
  readonly for?: number;
  /** A time of day, or a time, in the household's time zone. */
  readonly until?: string;
}

/** `check`. */
export interface CheckFlags {
  readonly config?: string;
}

/** `replay`: a recording, or somebody else's log, in virtual time or at a live server. */
export interface ReplayFlags {
  /** Decides by this configuration. */
  readonly config?: string;
  /** Compares with what this file says. */
  readonly expect?: string;
  /** Writes that file. */
  readonly update: boolean;
  /** A file for all frames, as Open OCPP Trace. */
  readonly trace?: string;
  /** A time of day, or a time: why it was decided so then. */
  readonly explain?: string;
  readonly quiet: boolean;
  /** A central system, ws or wss, at which the charger's side is played. */
  readonly to?: string;
  readonly password?: string;
  /** How many recorded seconds pass in a real one; default: 1. */
  readonly speed?: number;
}

/** `simulate`: one virtual charger at any central system, and backends that dial in. */
export interface SimulateFlags {
  /** The central system's endpoint, without the charger's id. */
  readonly url: string;
  readonly id: string;
  readonly password?: string;
  /** 1 and up. */
  readonly connectors: number;
  readonly idTag: string;
  readonly powerW: number;
  /** Seconds of the charger's own time between two meter values. */
  readonly intervalS: number;
  /** How many seconds pass for the charger in a real one; default: the scenario's, else 60. */
  readonly speed?: number;
  /** Charging sessions to play, one after the other; 0: until it is interrupted. */
  readonly sessions: number;
  /** Backends to play: `name[:token][,behaviour]`. */
  readonly backend?: readonly string[];
  /** Names of quirks or brands; `list` shows them. */
  readonly quirk?: readonly string[];
  /** A scenario of the program or a file, in place of sessions; `list` shows the former. */
  readonly scenario?: string;
  /** PEM certificates to trust in place of the system's. */
  readonly caFile?: string;
}
