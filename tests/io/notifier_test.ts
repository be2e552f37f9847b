// Notifications through services that hang: nothing waits for them for ever, nothing piles up.

import { equal, ok } from "node:assert/strict";
import { HomeAssistantLink } from "../../src/io/home_assistant_link.ts";
import type { Notification } from "../../src/io/notification.ts";
import { MAX_WAITING_NOTIFICATIONS, Notifier } from "../../src/io/notifier.ts";
import { MAX_UNANSWERED_CALLS } from "../../src/io/service_calls.ts";
import { type FakeHomeAssistant, withFakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { pause, until } from "../support/until.ts";

const CALL_MS = 50;

function told(title: string): Notification {
  return { type: "tell", kind: "fault", tag: title, title, message: "something" };
}

/** Runs the test with a notifier that waits for a short time only. */
function withNotifier(
  test: (notifier: Notifier, fake: FakeHomeAssistant, logged: string[]) => Promise<void>,
): Promise<void> {
  return withFakeHomeAssistant(async (fake) => {
    const logged: string[] = [];
    const notifier = new Notifier(
      "test",
      ["notify.mobile_app_hung"],
      () => {},
      (_, message, values) => void logged.push(`${message} ${JSON.stringify(values)}`),
      Date.now,
      CALL_MS,
    );
    fake.hanging.add("notify.mobile_app_hung");
    const link = new HomeAssistantLink(
      fake,
      {
        opened: (connection) => notifier.opened(connection),
        spacingMs: () => 1_000,
        alive: () => {},
        closed: () => notifier.closed(),
      },
      () => {},
    );
    try {
      await until(() => link.health().connected, 5_000, "the connection");
      await test(notifier, fake, logged);
    } finally {
      await link.close();
    }
  });
}

Deno.test("a service that hangs holds back no other message, and is told once", () =>
  withNotifier(async (notifier, fake, logged) => {
    notifier.send(told("one"));
    notifier.send(told("two"));
    await until(() => fake.calls.length === 2, 5_000, "both as cards on the page");
    equal(fake.calls[1]!.data.title, "two");
    equal(logged.length, 1);
    ok(logged[0]!.includes("notify.mobile_app_hung takes no notifications"), logged.join());
    ok(logged[0]!.includes("no answer within"), logged.join());
  }));

Deno.test("of what waits for its turn the newest is kept, and calls that hang are counted", () =>
  withNotifier(async (notifier, fake) => {
    const { hanging } = fake;
    hanging.add("persistent_notification.create");
    for (let count = 0; count < 200; count++) notifier.send(told(`${count}`));
    // Those that wait, and the one that was under way: each two calls, up to the bound.
    const calls = (MAX_WAITING_NOTIFICATIONS + 1) * 2;
    ok(calls > MAX_UNANSWERED_CALLS);
    await until(() => fake.hung === MAX_UNANSWERED_CALLS, 5_000, "as many calls as may hang");
    await pause(4 * CALL_MS);
    equal(fake.hung, MAX_UNANSWERED_CALLS);
  }));
