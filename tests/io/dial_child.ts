// Dials a name that does not exist and prints why it did not work.

import { dial } from "../../src/io/dial.ts";

try {
  await dial({ url: "ws://nowhere.invalid/", headers: {}, protocols: [], failed: () => {} });
} catch (error) {
  console.log((error as Error).message);
}
