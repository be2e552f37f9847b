// Why the charger of `simulate` found no central system, and what to do about it.

/** Answers to a handshake that another try will not change. */
const FINAL = /answered HTTP 40[0134]$/;

/** Whether it is of no use to dial again. */
export function isFinal(reason: string): boolean {
  return FINAL.test(reason);
}

/** What to do about a connection that failed for this reason. */
export function adviceFor(reason: string): string {
  if (reason.endsWith("HTTP 401")) return "give its password with --password";
  if (isFinal(reason)) return "is this its address (--url), and does it know this charger (--id)?";
  if (/certificate|self.signed/i.test(reason)) {
    return "give the certificate to trust with --ca-file";
  }
  if (/hang up|wrong version number|ECONNRESET/.test(reason)) {
    return "is it wss:// in place of ws://, or the other way round?";
  }
  return 'start the proxy with "ocpp-proxy serve", or say where it is with --url';
}
