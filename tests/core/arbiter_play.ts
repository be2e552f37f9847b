// A case of the arbiter's property, played: every move, then peace, and what has to be true.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Manner } from "./arbiter_charger.ts";
import { type House, household, IDS, JSON_MEMBERS, type Member } from "./arbiter_household.ts";
import type { Move, Operation } from "./arbiter_moves.ts";
import { called, spoken } from "./arbiter_wish.ts";
import { ArbiterWorld } from "./arbiter_world.ts";
import { outcome } from "./command_fixture.ts";
import { survive } from "./model.ts";

/** No answer to a command takes longer, wherever it waits: for the owner or a hand-over, its turn,
 * the charger. */
const LONGEST_ANSWER_MS = 20_000 + 25_000 + 20_000 + 30_000 + 1_000;

/** A household with its people, its charger and its backends. */
export class Play {
  readonly world: ArbiterWorld;
  readonly asked: {
    readonly who: Member;
    readonly id: string;
    at: number;
    readonly connection: number;
  }[] = [];
  #starts = 0;

  constructor(house: House) {
    this.world = new ArbiterWorld(household(house));
    this.#reconnect();
    this.world.h.pass(500);
  }

  play({ operation, crashAfter }: Move): void {
    const { h, model } = this.world;
    const before = { mode: model.mode, lastQuestion: model.lastQuestion };
    if (crashAfter !== undefined) h.effectsLeft = crashAfter;
    let died = false;
    survive(h, () => this.#do(operation), () => {
      died = true;
      this.world.charger.outlive();
    });
    if (died) {
      // What the owner was told, and the number of a question, are on disk by then.
      const mayEnd = ["mode", "pass", "clock"].includes(operation.type);
      if (!mayEnd) assert.deepEqual(model.mode, before.mode, "the owner's mode is lost");
      assert.ok(model.lastQuestion >= before.lastQuestion, "a question's number is used again");
      this.#readStarts();
      this.#reconnect();
    }
    this.#serve();
    h.pass(0);
    assert.ok(model.nextEnd > h.now, "the core sleeps when something ends");
    this.world.checkVerdicts();
    this.checkAnswers();
  }

  /** When a transaction began is for the books to say: some move with the clock, some do not. */
  #readStarts(): void {
    const { h, model } = this.world;
    model.running = model.running.map((one) => ({
      ...one,
      since: h.state.sessions.get(one.id)?.startedAt ?? one.since,
    }));
  }

  #do(operation: Operation): void {
    const { world } = this;
    const { h, model } = world;
    switch (operation.type) {
      case "wish":
        return this.#wish(operation);
      case "charger answers":
        return this.#answer(operation.manner, operation.acts);
      case "start":
        return this.#start(operation.tag, operation.connector);
      case "card":
        return this.#card(operation.tag);
      case "stop":
        return this.#stop(operation.connector);
      case "status":
        return this.#status(operation.connector, operation.status);
      case "link":
        return this.#link(operation.who, operation.up);
      case "charger":
        return operation.up ? this.#boot() : this.#unplug();
      case "pass": {
        h.pass(operation.ms);
        return world.charger.expire();
      }
      case "mode": {
        const { mode, forMs } = operation;
        const until = forMs === undefined ? undefined : h.now + forMs;
        const ownerMode = typeof mode === "string"
          ? { mode }
          : { mode: "backend" as const, backendId: mode.only };
        world.act(() => {
          if (mode === "auto") model.limit = undefined;
          model.setMode(mode, until);
        }, () => h.event({ type: "owner", mode: ownerMode, ...until !== undefined && { until } }));
        const holder = h.state.control.lease?.backendId;
        const welcome = mode === "auto" || (typeof mode === "object" && mode.only === holder);
        return assert.ok(holder === undefined || welcome, "the owner's word counts at once");
      }
      case "limit": {
        const { amps, forMs } = operation;
        const until = forMs === undefined ? undefined : h.now + forMs;
        return world.act(
          () => model.limit = amps === undefined ? undefined : { amps, until },
          () =>
            h.event({
              type: "owner_limit",
              currentA: amps,
              ...until !== undefined && { until },
            }),
        );
      }
      case "owner answers": {
        const id = model.questions[operation.which]?.id ?? 9_999;
        const { allow } = operation;
        return world.act(
          () => model.answer(id, allow),
          () => h.event({ type: "owner_answer", requestId: id, allow }),
        );
      }
      case "person": {
        const { value } = operation;
        const known = model.configuration.presenceSensor !== undefined;
        return world.act(() => {
          if (known) model.presence = { value, at: h.now };
        }, () => h.event({ type: "fact", name: "person", value }));
      }
      case "house":
        h.core = household(operation.house);
        return world.act(() => {
          model.configure(h.core);
          if (h.core.presenceSensor === undefined) model.presence = undefined;
        }, () => h.event({ type: "configured", configuration: h.core }));
      case "clock": {
        const { byMs } = operation;
        h.now += byMs;
        for (const one of this.asked) one.at += byMs;
        world.act(() => model.shift(byMs), () => h.event({ type: "clock_set", byMs }));
        this.#readStarts();
        return h.pass(0);
      }
      case "restart": {
        h.flush();
        const before = world.lasting();
        h.restart();
        assert.deepEqual(world.lasting(), before, "a restart changes nothing");
        return this.#reconnect();
      }
      default:
        operation satisfies never;
    }
  }

  /** Everybody is there; the charger has booted. */
  #reconnect(): void {
    for (const id of IDS) this.#link(id as Member, true);
    this.#boot();
    this.#serve();
  }

  #link(who: Member, up: boolean): void {
    const { world } = this;
    const { h, model } = world;
    if (!up) {
      return world.act(() => model.disconnected(who), () => h.disconnectBackend(who));
    }
    let connection = 0;
    world.act(() => model.connected(who, this.#connection(who)!), () => {
      connection = h.connectBackend(who, JSON_MEMBERS.has(who) ? "json" : "ocpp1.6");
    });
    assert.equal(this.#connection(who), connection);
    this.#serve();
  }

  #connection(who: Member): number | undefined {
    const link = this.world.h.state.backends.get(who)!.link;
    return link.type === "open" ? link.connection : undefined;
  }

  #boot(): void {
    const { world } = this;
    const { h, model } = world;
    world.act(() => model.chargerThere = true, () => h.connectCharger());
    h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
    for (const connector of [0, 1, 2]) {
      const charges = model.running.some((one) => one.connector === connector);
      this.#status(connector, charges ? "Charging" : "Available");
    }
  }

  #unplug(): void {
    const { world } = this;
    world.act(() => world.model.chargerThere = false, () => world.h.disconnectCharger());
  }

  #status(
    connectorId: number,
    status: "Available" | "Preparing" | "Charging" | "Faulted",
  ): void {
    const { world } = this;
    const { h, model } = world;
    if (!model.chargerThere) return;
    const errorCode = status === "Faulted" ? "GroundFailure" : "NoError";
    world.act(
      () => model.status(connectorId, status),
      () => h.chargerCalls("StatusNotification", { connectorId, status, errorCode }),
    );
  }

  #wish({ who, action, connector, amount }: Operation & { type: "wish" }): void {
    const { h, model } = this.world;
    const connection = this.#connection(who);
    if (connection === undefined) return;
    const transaction = model.running.find((one) => one.connector === connector);
    const json = JSON_MEMBERS.has(who);
    const id = `q${this.asked.length}`;
    const asked = { id, who, action, connector, amount, running: transaction?.id };
    const request = json ? spoken(asked) : called(h, asked);
    if (request === undefined) return;
    const { wish, text } = request;
    this.asked.push({ who, id, at: h.now, connection });
    if (action === "SetChargingProfile" && amount === 0) this.world.zeros.add(who);
    if (action === "RemoteStopTransaction" && transaction) {
      this.world.stops.push({ who, transactionId: transaction.id });
    }
    const own = transaction?.who === who && action === "RemoteStopTransaction";
    const accepted = h.state.backends.get(who)!.registration === "accepted";
    const before = this.world.text();
    let word: string | undefined;
    this.world.act(() => {
      if (action === "release_control") word = model.release(who) ? undefined : "nothing";
      else if (wish && !own && accepted) {
        const queue = action === "request_control" && amount > 0;
        const said = model.wish(wish, { connection, forOwner: !json, queue });
        word = said.word === "denied" ? said.code : said.word;
      }
    }, () => h.backendSays(who, text));
    if (!wish || own || !accepted) return;
    const reply = this.#replies(who, id);
    if (json) this.#checkReply(word!, reply[0]);
    else this.#checkAnswer(word!, reply[0]);
    const denied = !["granted", "renewed", "held", "ask", "queued"].includes(word!);
    // A hand-over that begins although its command cannot wait for it changes something.
    if (denied && model.handover?.to !== who) {
      assert.equal(this.world.text(), before, "what is denied changes nothing");
    }
  }

  #checkReply(word: string, reply: JsonObject | undefined): void {
    const { result, error } = (reply ?? {}) as { result?: JsonObject; error?: string };
    switch (word) {
      case "held":
        return assert.equal(reply, undefined);
      case "queued":
        return assert.equal(result?.queued, true);
      case "ask":
        return assert.equal(error, "pending");
      case "granted":
      case "renewed":
        return assert.ok(error === undefined, JSON.stringify(reply));
      default:
        assert.equal(error, word);
    }
  }

  #checkAnswer(word: string, answer: JsonObject | string | undefined): void {
    const refused = typeof answer === "object" &&
      (answer.status === "Rejected" || answer.status === "UnlockFailed");
    if (word === "held") return assert.equal(answer, undefined);
    if (word === "granted" || word === "renewed") return assert.ok(!refused, "it is granted");
    assert.ok(refused, `${word}: ${JSON.stringify(answer)}`);
  }

  /** What a backend got as answers to one of its requests. */
  #replies(who: Member, id: string): JsonObject[] {
    const { h } = this.world;
    if (!JSON_MEMBERS.has(who)) {
      return h.answersTo(who, id).map((frame) => outcome(frame) as JsonObject);
    }
    const begin = `{"id":${JSON.stringify(id)},`;
    return h.received(who).filter(({ text }) => text.startsWith(begin))
      .map(({ text }) => JSON.parse(text));
  }

  #answer(wanted: Manner, acts: boolean): void {
    const { world } = this;
    const { h, model } = world;
    const call = world.charger.open;
    const origins = h.state.charger.pending?.call.origins ?? [];
    if (!call) return;
    let manner: Manner | undefined;
    world.act(() => {
      model.startInFlight = undefined;
      if (call.action === "RemoteStartTransaction" && manner === "Accepted") {
        world.startedOrClaimed(String(call.payload.idTag), Number(call.payload.connectorId));
      }
      const who = String(call.payload.idTag);
      if (manner === "Accepted" && model.lease?.who === who) model.lease.fresh = false;
      const stops = origins.some((origin) =>
        origin.type === "own_stop" && origin.why === "handover"
      );
      if (stops && manner !== "Accepted") model.failHandover();
    }, () => manner = world.charger.answer(wanted, (will) => manner = will));
    if (manner !== "Accepted" || !acts) return;
    if (call.action === "RemoteStartTransaction") {
      this.#start(String(call.payload.idTag), Number(call.payload.connectorId));
    }
    if (call.action === "RemoteStopTransaction") {
      const session = h.tables.sessions.get(Number(call.payload.transactionId));
      if (session?.stoppedAt === null) this.#stop(session.connectorId);
    }
  }

  /** A transaction begins. */
  #start(tag: string, connectorId: number): void {
    const { world } = this;
    const { h, model } = world;
    const busy = model.running.some((one) => one.connector === connectorId);
    if (busy || !model.chargerThere) return;
    const who = tag === "owner" ? null : tag;
    const meterStart = ++this.#starts;
    const timestamp = new Date(h.now).toISOString();
    const remote = who !== null && world.startsFor(who, connectorId);
    world.act(
      () => {
        const session = [...h.state.sessions.values()].at(-1)!;
        assert.equal(session.meterStartWh, meterStart);
        assert.equal(session.backendId, who);
        const shown = model.useCard(tag);
        const allowed = remote || shown || model.card(who, undefined, connectorId);
        const { transactionId } = session;
        assert.equal(
          h.state.refused.has(transactionId),
          !allowed,
          "it is stopped if it may not be",
        );
        model.started(
          { id: transactionId, who, connector: connectorId, since: session.startedAt },
          allowed,
        );
      },
      () => h.chargerCalls("StartTransaction", { connectorId, idTag: tag, meterStart, timestamp }),
    );
  }

  #card(tag: string): void {
    const { world } = this;
    const { h, model } = world;
    if (!model.chargerThere) return;
    const who = tag === "owner" ? null : tag;
    const charges = model.running.some((one) => one.who === who);
    const remote = who !== null && world.startsFor(who, undefined);
    let allowed = charges || remote;
    let answer: JsonObject | string | undefined;
    world.act(
      () => allowed ||= model.card(who, tag),
      () => answer = outcome(h.chargerCalls("Authorize", { idTag: tag })),
    );
    assert.deepEqual(answer, { idTagInfo: { status: allowed ? "Accepted" : "Blocked" } });
  }

  #stop(connectorId: number): void {
    const { world } = this;
    const { h, model } = world;
    const running = model.running.find((one) => one.connector === connectorId);
    if (!running || !model.chargerThere) return;
    const timestamp = new Date(h.now).toISOString();
    const transactionId = running.id;
    world.act(
      () => model.ended(transactionId),
      () => h.chargerCalls("StopTransaction", { transactionId, meterStop: 5_000, timestamp }),
    );
  }

  #serve(): void {
    for (const id of IDS) if (!JSON_MEMBERS.has(id)) this.world.h.serve(id);
  }

  /** Every request gets exactly one answer, in time; on a lost connection none or one. */
  checkAnswers(): void {
    const { h } = this.world;
    for (const { who, id, at, connection } of this.asked) {
      const count = this.#replies(who, id).length;
      const due = h.now > at + LONGEST_ANSWER_MS && this.#connection(who) === connection;
      assert.ok(count <= 1 && (count === 1 || !due), `${count} answers to ${id} of ${who}`);
    }
  }

  /** All is well again and nothing charges; then everybody goes away. */
  settle(): void {
    const { world } = this;
    const { h } = world;
    this.#do({ type: "mode", mode: "auto", forMs: undefined });
    if (!world.model.chargerThere) this.#boot();
    for (const connector of [1, 2]) this.#stop(connector);
    for (const connector of [0, 1, 2]) this.#status(connector, "Available");
    this.#obey(LONGEST_ANSWER_MS + 30_000);
    this.checkAnswers();
    for (const id of IDS) this.#link(id as Member, false);
    this.#obey(h.core.reconnectGraceMs + 100_000);
  }

  /** Time passes, and the charger does what it is told; but no car comes. */
  #obey(ms: number): void {
    const { h, charger } = this.world;
    for (const end = h.now + ms; h.now < end;) {
      h.pass(2_000);
      while (charger.open) {
        this.#answer("Accepted", charger.open.action !== "RemoteStartTransaction");
      }
      this.#serve();
    }
  }

  checkQuiet(): void {
    const { h, charger } = this.world;
    const { control, charger: { queue, pending } } = h.state;
    assert.equal(control.lease, undefined, "nobody holds control");
    assert.deepEqual(control.claims, [], "nobody is about to start");
    assert.equal(control.handover, undefined, "nobody takes over");
    assert.deepEqual(control.held, [], "no command waits");
    assert.deepEqual(control.queue, [], "nobody waits");
    assert.deepEqual([...control.questions], [], "no question is open");
    assert.deepEqual([queue.length, pending], [0, undefined], "the charger is left alone");
    assert.deepEqual([...charger.reservations], [], "reservations stayed on the charger");
    // A charger that takes no limit for the whole has it shared out to its two connectors.
    const { maxCurrentA: cap = NaN } = h.core.charger;
    for (const limit of charger.limits) {
      assert.ok(limit === cap || limit === cap / 2, `${limit} A stayed on the charger`);
    }
  }
}
