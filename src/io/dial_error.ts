// Says in words a household understands why a connection to a backend did not come about.

/** A dial that never became a connection; `reason` is for people and holds no secrets. */
export class DialError extends Error {
  readonly reason: string;
  /** The HTTP status, where the server answered one. */
  readonly status: number | undefined;

  constructor(reason: string, status?: number) {
    super(reason);
    this.name = "DialError";
    this.reason = reason;
    this.status = status;
  }
}

/** A server that answered with HTTP instead of opening a WebSocket. */
export function refusedBy(status: number, location: string | undefined, url: URL): DialError {
  return new DialError(refusal(status, location, url), status);
}

function refusal(status: number, location: string | undefined, url: URL): string {
  if (status >= 300 && status < 400) {
    const target = location === undefined ? undefined : URL.parse(location, url)?.host;
    return `${url.host} redirects to ${target ?? "somewhere else"}, which is not followed`;
  }
  if (status === 401) return `${url.host} does not accept the user name or password`;
  if (status === 403) return `${url.host} does not allow this connection`;
  if (status === 404) return `${url.host} does not know the path ${url.pathname}`;
  if (status === 508) return `${url.host} is this proxy itself`;
  return `${url.host} answered HTTP ${status} instead of opening a WebSocket`;
}

/** What failed below or during the handshake. */
export function failedBy(error: Error & { code?: unknown }, url: URL): DialError {
  return new DialError(failure(String(error.code ?? ""), error.message, url));
}

function failure(code: string, message: string, url: URL): string {
  const { host, hostname } = url;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "ENODATA":
      return `the host name ${hostname} cannot be resolved`;
    case "ECONNREFUSED":
      return `${host} refuses connections`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${host} cannot be reached`;
    case "ETIMEDOUT":
      return `${host} does not answer`;
    case "ECONNRESET":
    case "EPIPE":
      return `${host} closed the connection during the handshake`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${host} has expired`;
    case "CERT_NOT_YET_VALID":
      return `the certificate of ${host} is not valid yet`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of ${host} is for another name`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return `the certificate of ${host} is not signed by a known authority`;
  }
  switch (message) {
    case "Server sent no subprotocol":
      return `${host} did not choose a subprotocol`;
    case "Server sent an invalid subprotocol":
    case "Server sent a subprotocol but none was requested":
      return `${host} chose a subprotocol that was not offered`;
  }
  if (code.startsWith("HPE_")) return `${host} does not speak HTTP`;
  return `the connection to ${host} failed: ${message}`;
}
