// A peer that does as little as it can: it opens a WebSocket by hand, and never reads from it.

/** Opens a WebSocket at `url` and stops reading after the handshake; close it when done. */
export async function deafPeer(url: string, token: string): Promise<Deno.TcpConn> {
  const { hostname, port, pathname, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const head = [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    `Authorization: Bearer ${token}`,
    "\r\n",
  ].join("\r\n");
  await connection.write(new TextEncoder().encode(head));
  const answer = new Uint8Array(12);
  await connection.read(answer);
  const status = new TextDecoder().decode(answer);
  if (status !== "HTTP/1.1 101") throw new Error(`the handshake was answered ${status}`);
  return connection;
}
