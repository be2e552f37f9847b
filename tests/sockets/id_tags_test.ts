// Cards over real sockets: an employer that knows only its own tag, and a utility that knows none.

import assert from "node:assert/strict";
import {
  centralSystemAnswers,
  type StrictBackendServer,
  strictBackendServer,
} from "../support/strict_backend.ts";
import { bootStrictCharger, strictCharger, type StrictClient } from "../support/strict_charger.ts";
import type { Answers, Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { Stage } from "./stage.ts";

/** Says yes to one tag and no to all others. */
function knowing(tag: string, firstTransactionId: number): Answers {
  const answers = centralSystemAnswers(firstTransactionId);
  const info = ({ idTag }: Payload) => ({ status: idTag === tag ? "Accepted" : "Invalid" });
  return {
    ...answers,
    Authorize: (payload) => ({ idTagInfo: info(payload) }),
    StartTransaction: async (payload) => ({
      ...await answers.StartTransaction!(payload),
      idTagInfo: info(payload),
    }),
    StopTransaction: (payload) => ({ idTagInfo: info(payload) }),
  };
}

function configurationFor(employer: StrictBackendServer, utility: StrictBackendServer): string {
  return `
charger: { id: CP1 }
unknown_id_tags: reject
rate_limit_seconds: 0
backends:
  - { id: employer, url: "${employer.url}", role: biller, priority: 20 }
  - { id: utility, url: "${utility.url}", role: biller }
id_tags:
  - tag: 04FFEE0011
    name: Company car
    backend: employer
    send_as: [{ backend: employer, tag: NL-EMP-0001 }]
  - { tag: 04DEAD, name: Lost card, owner: true, action: deny }
`;
}

/** A transaction of a minute on connector 1, from now; the answer to its start. */
async function charge(charger: StrictClient, idTag: string, from = Date.now()): Promise<Payload> {
  const started = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag,
    meterStart: 1_000,
    timestamp: new Date(from).toISOString(),
  });
  await charger.call("StopTransaction", {
    transactionId: started.transactionId,
    idTag,
    meterStop: 1_500,
    timestamp: new Date(from + 60_000).toISOString(),
  });
  return started;
}

function tags(backend: StrictBackendServer): unknown[] {
  return backend.received
    .filter(({ action }) => action === "StartTransaction" || action === "StopTransaction")
    .map(({ payload }) => payload.idTag);
}

Deno.test("a backend that knows only its own tag is booked, billed and obeyed under it", async () => {
  const employer = await strictBackendServer({ answers: knowing("NL-EMP-0001", 500) });
  const utility = await strictBackendServer({ answers: knowing("nothing", 900) });
  await using stage = await Stage.open(configurationFor(employer, utility));
  let charger = await strictCharger(stage.chargerUrl, "CP1");
  const backends = [employer, utility];
  const present = () =>
    until(
      () => ["employer", "utility"].every((id) => stage.backend(id).registration === "accepted"),
      5_000,
      "the backends",
    );
  const told = (count: number) =>
    until(() => backends.every((backend) => tags(backend).length === count), 10_000, "the log");
  const authorize = async (idTag: string) =>
    (await charger.call("Authorize", { idTag })).idTagInfo as Payload;
  try {
    await bootStrictCharger(charger);
    await present();

    // The table knows the card; the employer's word about its own tag comes with the start.
    assert.deepEqual(await authorize("04ffee0011"), { status: "Accepted" });
    assert.deepEqual((await charge(charger, "04ffee0011")).idTagInfo, { status: "Accepted" });
    await told(2);
    assert.deepEqual(tags(employer), ["NL-EMP-0001", "NL-EMP-0001"]);
    assert.deepEqual(tags(utility), ["04ffee0011", "04ffee0011"]);
    for (const backend of backends) assert.deepEqual(backend.payloads("Authorize"), []);

    // Its own command names its own tag; the charger is told the card that it reads.
    const asked = employer.call("RemoteStartTransaction", { connectorId: 1, idTag: "NL-EMP-0001" });
    assert.equal((await asked).status, "Accepted");
    assert.equal(charger.payloads("RemoteStartTransaction").at(-1)?.idTag, "04FFEE0011");
    assert.deepEqual((await charge(charger, "04FFEE0011")).idTagInfo, { status: "Accepted" });
    await told(4);

    // Strangers and lost cards: nobody knows the one, the household denies the other.
    assert.deepEqual(await authorize("STRANGER"), { status: "Invalid" });
    assert.deepEqual(backends.map((backend) => backend.payloads("Authorize")), [
      [{ idTag: "STRANGER" }],
      [{ idTag: "STRANGER" }],
    ]);
    assert.deepEqual(await authorize("04DEAD"), { status: "Blocked" });

    // The proxy is away: the charger goes by its own rules, and tells afterwards.
    await charger.close();
    await stage.restart();
    charger = await strictCharger(stage.chargerUrl, "CP1");
    await bootStrictCharger(charger);
    await present();
    const hourAgo = Date.now() - 3_600_000;
    const offline = await charge(charger, "04FFEE0011", hourAgo);
    assert.deepEqual(offline.idTagInfo, { status: "Accepted" });
    await told(6);
    assert.deepEqual(tags(employer), Array(6).fill("NL-EMP-0001"));
    assert.equal(employer.payloads("StartTransaction").at(-1)?.timestamp, iso(hourAgo));

    for (const { violations } of [charger, ...backends]) assert.deepEqual(violations, []);
    assert.deepEqual(stage.complaints(), []);
  } finally {
    await Promise.all([charger.close(), employer.close(), utility.close()]);
  }
});

Deno.test("a start that nobody allowed is refused, booked, told, and stopped", async () => {
  const employer = await strictBackendServer({ answers: knowing("NL-EMP-0001", 500) });
  const utility = await strictBackendServer({ answers: knowing("nothing", 900) });
  await using stage = await Stage.open(configurationFor(employer, utility));
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  try {
    await bootStrictCharger(charger);
    const started = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "04DEAD",
      meterStart: 1_000,
      timestamp: iso(Date.now()),
    });
    assert.deepEqual(started.idTagInfo, { status: "Blocked" });
    await until(() => charger.payloads("RemoteStopTransaction").length > 0, 5_000, "the stop");
    const { transactionId } = started;
    assert.deepEqual(charger.payloads("RemoteStopTransaction"), [{ transactionId }]);
    const timestamp = iso(Date.now());
    const reason = "DeAuthorized";
    await charger.call("StopTransaction", { transactionId, meterStop: 1_000, timestamp, reason });
    await until(() => tags(employer).length === 2, 10_000, "the log at the employer");
    assert.equal(employer.payloads("StopTransaction")[0]?.transactionId, 500);
    for (const { violations } of [charger, employer, utility]) assert.deepEqual(violations, []);
  } finally {
    await Promise.all([charger.close(), employer.close(), utility.close()]);
  }
});

function iso(time: number): string {
  return new Date(time).toISOString();
}
