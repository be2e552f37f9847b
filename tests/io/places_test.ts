// Places at the listener: who has to go when the system has no descriptor left.

import assert from "node:assert/strict";
import { ByteConnection } from "../../src/io/byte_connection.ts";
import { defaultLimits } from "../../src/io/listener_limits.ts";
import { type PlaceKind, Places } from "../../src/io/places.ts";

/** Connections to a listener of the test's own; they count as if they came from these addresses. */
async function established(
  places: Places,
  from: readonly (readonly [kind: PlaceKind, address: string])[],
): Promise<{ connections: ByteConnection[]; close: () => void }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const connections: ByteConnection[] = [];
  const peers: Deno.Conn[] = [];
  for (const [kind, address] of from) {
    const [ours, theirs] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    peers.push(theirs);
    const connection = new ByteConnection(ours, address);
    connections.push(connection);
    assert.equal(places.establish(connection, kind), undefined);
  }
  const close = () => {
    places.destroyAll();
    for (const peer of peers) peer.close();
    listener.close();
  };
  return { connections, close };
}

Deno.test("without descriptors a backend stays, from however many addresses the others come", async () => {
  const places = new Places(defaultLimits(256));
  const { connections, close } = await established(places, [
    ["backend", "192.0.2.1"],
    ["charger", "192.0.2.2"],
    ...Array.from({ length: 40 }, (_, index) => ["http", `198.51.100.${index}`] as const),
  ]);
  try {
    places.exhausted(performance.now());
    const [backend, charger, ...others] = connections;
    assert.equal(backend?.destroyed, false);
    assert.equal(charger?.destroyed, false);
    assert.ok(others.some(({ destroyed }) => destroyed));
  } finally {
    close();
  }
});

Deno.test("without descriptors the address with most connections loses its oldest first", async () => {
  const places = new Places(defaultLimits(256));
  const { connections, close } = await established(places, [
    ["http", "192.0.2.1"],
    ...Array.from({ length: 18 }, () => ["http", "198.51.100.1"] as const),
  ]);
  try {
    places.exhausted(performance.now());
    assert.deepEqual(
      connections.map(({ destroyed }) => destroyed),
      connections.map((_, index) => index >= 1 && index <= 3),
    );
  } finally {
    close();
  }
});
