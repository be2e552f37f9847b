// The feed of events: who follows gets all of them, who comes back what it has missed.

import { deepEqual, equal, ok } from "node:assert/strict";
import { EventFeed, type FedEvent, MAX_KEPT_EVENTS } from "../../src/io/event_feed.ts";
import { entry } from "./store_fixture.ts";

/** A feed with a clock that is set by hand, and what its follower heard. */
function stage() {
  const clock = { now: Date.UTC(2026, 10, 22, 12) };
  const feed = new EventFeed("7", () => clock.now);
  const heard: FedEvent[] = [];
  return { clock, feed, heard, follower: (event: FedEvent) => void heard.push(event) };
}

Deno.test("an event has a number, a type, a time, and no whole id tag", () => {
  const { feed, heard, follower } = stage();
  feed.follow(follower);
  feed.publish({ type: "card", id_tag: "04A2B3C4D5", connector_id: 1 });
  const payload = { connectorId: 1, idTag: "04A2B3C4D5", meterStart: 0, timestamp: "" };
  feed.publishEntry(entry(1, { action: "StartTransaction", payload }));
  deepEqual(heard[0], {
    id: "7-1",
    type: "card",
    data: '{"type":"card","time":"2026-11-22T12:00:00Z","id_tag":"04******D5","connector_id":1}',
  });
  equal(heard[1]?.type, "transaction_started");
  ok(!heard[1]?.data.includes("04A2B3C4D5"));
});

Deno.test("who comes back soon gets what happened meanwhile, once and in order", () => {
  const { feed, heard, follower, clock } = stage();
  const { stop } = feed.follow(follower);
  for (let n = 0; n < 3; n++) feed.publish({ type: "status", n });
  stop();
  clock.now += 60_000;
  feed.publish({ type: "status", n: 3 });
  equal(heard.length, 3);
  const again = feed.follow(follower, heard[1]?.id);
  equal(again.missed, false);
  deepEqual(again.since.map(({ data }) => JSON.parse(data).n), [2, 3]);
  deepEqual(feed.follow(follower, again.since[1]?.id).since, []);
  equal(feed.follow(follower).since.length, 0, "who names none begins with now");
});

Deno.test("who comes back too late, or with somebody else's number, hears that it missed some", () => {
  const { feed, heard, follower, clock } = stage();
  const { stop } = feed.follow(follower);
  feed.publish({ type: "status" });
  for (const id of ["6-1", "7-99", "7-", "x", "7-1x"]) {
    equal(feed.follow(() => {}, id).missed, true, id);
  }
  for (let n = 0; n < MAX_KEPT_EVENTS; n++) feed.publish({ type: "status", n });
  const last = heard.at(-1)!.id;
  const late = feed.follow(() => {}, "7-0");
  equal(late.missed, true);
  equal(late.since.length, MAX_KEPT_EVENTS);
  equal(feed.follow(() => {}, "7-1").missed, false);
  const sleepy = stage();
  sleepy.feed.follow(sleepy.follower).stop();
  sleepy.clock.now += 3_600_000;
  equal(sleepy.feed.follow(sleepy.follower, "7-0").missed, false, "nothing has happened");
  sleepy.feed.follow(sleepy.follower).stop();
  stop();
  clock.now += 3_600_000;
  equal(feed.follow(() => {}, last).missed, false, "somebody follows all the time");
});

Deno.test("while nobody follows nothing is kept, and who comes back knows", () => {
  const { feed, heard, follower, clock } = stage();
  const { stop } = feed.follow(follower);
  feed.publish({ type: "status" });
  stop();
  clock.now += 3_600_000;
  feed.publish({ type: "status" });
  const late = feed.follow(follower, heard[0]?.id);
  deepEqual([late.missed, late.since], [true, []]);
});

Deno.test("large events are kept only as far as there is room", () => {
  const { feed, follower } = stage();
  feed.follow(follower);
  for (let n = 0; n < 8; n++) feed.publish({ type: "boot", text: "x".repeat(30_000) });
  const { since, missed } = feed.follow(follower, "7-0");
  equal(missed, true);
  equal(since.length, 3);
});
