// Looks at the dates of a server's certificate, because the runtime reports an expired certificate as
// one that nobody vouches for.

import { connect } from "node:tls";

const LOOK_TIMEOUT_MS = 3_000;

/** What is wrong with the dates of the server's certificate at `now`; undefined: nothing, or unknown. */
export function certificateDatesProblem(
  url: URL,
  now: Date,
): Promise<"CERT_HAS_EXPIRED" | "CERT_NOT_YET_VALID" | undefined> {
  return new Promise((resolve) => {
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    // Nothing is sent over this connection, so it does not matter who is at its other end.
    const socket = connect({
      host: hostname,
      port: Number(url.port || 443),
      ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
      rejectUnauthorized: false,
    });
    const finish = (problem?: "CERT_HAS_EXPIRED" | "CERT_NOT_YET_VALID") => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(finish, LOOK_TIMEOUT_MS);
    socket.on("error", () => finish());
    socket.on("secureConnect", () => {
      const { valid_from, valid_to } = socket.getPeerCertificate();
      if (now > new Date(valid_to)) finish("CERT_HAS_EXPIRED");
      else if (now < new Date(valid_from)) finish("CERT_NOT_YET_VALID");
      else finish();
    });
  });
}
