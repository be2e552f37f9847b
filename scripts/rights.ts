// What the built program may do; a source tree run by `deno task` may do more.

/** The folder in which it is started, and where installations keep data. */
export const WRITABLE: readonly string[] = [".", "/data", "/share", "/var/lib/ocpp-proxy"];

/** Those, and where installations keep configuration, secrets and certificates. */
export const READABLE: readonly string[] = [
  ...WRITABLE,
  "/config",
  "/etc/ocpp-proxy",
  "/etc/ssl",
  "/run/credentials",
  "/run/secrets",
  "/ssl",
];

/** Where systemd listens for what its services say of themselves. */
const SERVICE_MANAGER = "/run/systemd/notify";

/** Flags of `deno run` and `deno compile`; nobody is asked for more. */
export const RIGHTS: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  `--allow-read=${READABLE.join(",")}`,
  `--allow-write=${[...WRITABLE, SERVICE_MANAGER].join(",")}`,
  "--allow-env",
  "--allow-sys=networkInterfaces",
  "--deny-import",
];

/** Garbage piles up in proportion to what V8 may use: 256 MiB are many times what is needed. */
export const MEMORY = "--v8-flags=--max-semi-space-size=2,--max-old-space-size=256";

/** What makes the sockets exist by which a service speaks to systemd. */
export const UNSTABLE = "--unstable-net";
