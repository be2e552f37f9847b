// The whole configuration, complete and checked: what the core decides by, and what the shell needs.

import type { CoreConfiguration } from "../core/configuration.ts";
import type { LogLevel } from "../core/effect.ts";

/** What to do with a charger that offers no subprotocol, or only others than ocpp1.6. */
export type SubprotocolPolicy =
  /** Open the socket without a subprotocol. */
  | "accept"
  /** Complete the handshake without the header, then close (OCPP-J 1.6, section 3.2). */
  | "close"
  /** Answer the handshake with an HTTP error. */
  | "reject";

/** How the shell reaches a backend, or knows one that dials in. No secret of it is ever logged. */
export interface BackendConnection {
  readonly id: string;
  readonly enabled: boolean;
  /** ws or wss. Absent: the backend dials in. */
  readonly url?: string;
  /** Whether the identity is appended to `url`; the first ocpp-proxy dialled it as it was. */
  readonly appendChargePointId: boolean;
  /** Absent: the charger's own identity. */
  readonly chargePointId?: string;
  readonly authentication:
    | { readonly type: "none" }
    /** Absent user name: the identity. */
    | { readonly type: "basic"; readonly username?: string; readonly password: string }
    /** Sent when we dial; expected when it dials in. */
    | { readonly type: "bearer"; readonly token: string };
  readonly tls: {
    /** False: any certificate will do. */
    readonly verify: boolean;
    /** PEM files. */
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
  };
}

export type ApiScope = "read" | "control";

/** Who may use the REST interface from other machines. */
export interface ApiToken {
  readonly name: string;
  readonly token: string;
  readonly scopes: ReadonlySet<ApiScope>;
}

/** Where everything that happens is written down, and how much of it is kept. */
export interface RecordingConfiguration {
  readonly file: string;
  /** Of one file. */
  readonly maxMb: number;
  /** Files, the newest included. */
  readonly keep: number;
}

/** Where Home Assistant is, and what it is told. */
export interface HomeAssistantConfiguration {
  /** `http://host:port`, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Services such as `notify.mobile_app_phone`; empty: a notification on its page. */
  readonly notify: readonly string[];
  readonly notifications: ReadonlySet<NotificationKind>;
}

/** What the owner may be told of without asking; questions are always asked. */
export const NOTIFICATION_KINDS = [
  "session",
  "denied",
  "offline",
  "fault",
  "backlog",
  "override",
] as const;

export type NotificationKind = typeof NOTIFICATION_KINDS[number];

/** The broker through which Home Assistant gets its device. */
export interface MqttConfiguration {
  /** False: the device is removed. */
  readonly enabled: boolean;
  /** Absent: the one that the supervisor of Home Assistant knows. */
  readonly broker?: BrokerConfiguration;
  /** The first part of every topic of ours. */
  readonly topic: string;
  /** The first part of the topics by which Home Assistant finds devices. */
  readonly discoveryPrefix: string;
  /** The name of the device. */
  readonly name: string;
}

export interface BrokerConfiguration {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** A PEM file. */
  readonly caFile?: string;
}

export interface Configuration {
  /** The file it was read from; undefined: defaults only. */
  readonly source: string | undefined;
  readonly core: CoreConfiguration;
  readonly listen: {
    readonly host: string;
    /** 0: a free one. */
    readonly port: number;
    /** PEM files. */
    readonly tls?: { readonly certFile: string; readonly keyFile: string };
  };
  readonly dataDir: string;
  readonly charger: {
    /** Absent: no Basic authentication is asked for. */
    readonly password?: string;
    readonly subprotocol: {
      /** It offers none. */
      readonly none: SubprotocolPolicy;
      /** It offers only others. */
      readonly other: SubprotocolPolicy;
    };
  };
  /** The same backends, in the same order, as `core.backends`. */
  readonly backends: readonly BackendConnection[];
  readonly api: { readonly tokens: readonly ApiToken[] };
  /** What is pruned; sessions are kept for ever. */
  readonly retention: {
    readonly logDays: number;
    readonly logRows: number;
    readonly decisions: number;
  };
  /** Absent: nothing is recorded, unless the command line says so. */
  readonly recording?: RecordingConfiguration;
  /** Absent: there is none. */
  readonly homeAssistant?: HomeAssistantConfiguration;
  readonly mqtt?: MqttConfiguration;
  /** Absent: the program is not an app of Home Assistant. */
  readonly supervisor?: { readonly url: string; readonly token: string };
  readonly log: { readonly level: LogLevel; readonly format: "text" | "json" };
}
