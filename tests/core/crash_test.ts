// Store and forward under everything at once: kills between any two effects, full disks, lost links.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { books } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";
import { ModelBackend, ModelCharger, survive } from "./model.ts";

/** Whose tag it is; nobody's: the household's. */
const TAGS = { A: "a", B: "b", C: "c", H: undefined } as const;

type Tag = keyof typeof TAGS;

type Command =
  | { readonly type: "begin"; readonly tag: Tag; readonly connector: number }
  | { readonly type: "measure"; readonly connector: number; readonly wh: number }
  | { readonly type: "end"; readonly connector: number }
  | { readonly type: "send"; readonly times: number }
  | { readonly type: "charger"; readonly how: "connect" | "boot" | "disconnect" }
  | {
    readonly type: "answer";
    readonly backend: number;
    readonly times: number;
    readonly twice: boolean;
  }
  | { readonly type: "link"; readonly backend: number; readonly up: boolean }
  | { readonly type: "disk"; readonly full: boolean }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "restart" };

interface Move {
  readonly command: Command;
  /** The process dies after so many effects of this move; undefined: it lives. */
  readonly crashAfter: number | undefined;
}

const connector = fc.integer({ min: 1, max: 2 });
const which = fc.integer({ min: 0, max: 2 });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("begin" as const),
      tag: fc.constantFrom<Tag>("A", "B", "C", "H"),
      connector,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("measure" as const),
      connector,
      wh: fc.integer({ min: 1, max: 500 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("end" as const), connector }) },
  {
    weight: 7,
    arbitrary: fc.record({
      type: fc.constant("send" as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("charger" as const),
      how: fc.constantFrom("connect" as const, "boot" as const, "disconnect" as const),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      type: fc.constant("answer" as const),
      backend: which,
      times: fc.integer({ min: 1, max: 5 }),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("link" as const), backend: which, up: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("disk" as const), full: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("pass" as const),
      ms: fc.integer({ min: 1, max: 40_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const) }) },
);

const move: fc.Arbitrary<Move> = fc.record({
  command,
  crashAfter: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 }) },
  ),
});

class World {
  readonly h: Harness;
  readonly charger: ModelCharger;
  readonly backends: ModelBackend[];

  constructor(readonly clock: boolean) {
    this.h = new Harness(configuration({
      // "c" sees its own transactions alone.
      backends: [
        backend("a", "biller"),
        backend("b", "controller"),
        backend("c", "biller", { sees: "own" }),
      ],
      idTags: (["A", "B", "C"] as const).map((tag) => ({
        tag,
        backend: TAGS[tag],
        action: "allow" as const,
        owner: false,
      })),
    }));
    this.h.lazyNotes = true;
    this.charger = new ModelCharger(this.h);
    this.backends = ["a", "b", "c"].map((id, index) =>
      new ModelBackend(this.h, id, 1_000_000 * (index + 1))
    );
    this.charger.connect(true);
  }

  play({ command, crashAfter }: Move): void {
    const { h } = this;
    if (crashAfter !== undefined) h.effectsLeft = crashAfter;
    survive(h, () => this.#do(command), () => this.#cut());
    for (const one of this.backends) one.read();
    this.charger.read();
  }

  #cut(): void {
    this.charger.cut();
    for (const one of this.backends) one.cut();
  }

  #do(command: Command): void {
    const { h, charger } = this;
    switch (command.type) {
      case "begin":
        return charger.begin(command.tag, command.connector, this.clock);
      case "measure":
        return charger.measure(command.connector, command.wh);
      case "end":
        return charger.end(command.connector);
      case "send":
        for (let turn = 0; turn < command.times; turn++) charger.send();
        return;
      case "charger":
        return command.how === "disconnect"
          ? charger.disconnect()
          : charger.connect(command.how === "boot");
      case "answer": {
        const one = this.backends[command.backend]!;
        for (let turn = 0; turn < command.times; turn++) one.answer(command.twice);
        return;
      }
      case "link": {
        const one = this.backends[command.backend]!;
        return command.up ? one.connect() : one.disconnect();
      }
      case "disk":
        h.diskFull = command.full;
        return h.flush();
      case "pass":
        return h.pass(command.ms);
      case "restart":
        this.#cut();
        return h.restart();
      default:
        command satisfies never;
    }
  }

  /** Everybody is there, and everything gets where it belongs. */
  drain(): void {
    const { h, charger } = this;
    h.diskFull = false;
    charger.connect(true);
    for (const one of this.backends) one.connect();
    charger.end(1);
    charger.end(2);
    for (let turn = 0; turn < 2_000; turn++) {
      charger.send();
      for (const one of this.backends) one.answer();
      h.pass(1_200);
      charger.read();
      for (const one of this.backends) one.read();
      const last = h.state.log.lastSequence;
      const done = charger.idle &&
        [...h.state.backends.values()].every(({ cursor, pending }) =>
          cursor === last && pending === undefined
        );
      if (done) return h.flush();
    }
    assert.fail("it does not drain");
  }

  /** What the charger was told is in the books, once. */
  checkBooks(): void {
    const { charges } = this.charger;
    assert.deepEqual(
      books(this.h).map((session) => [
        session.transactionId,
        session.idTag,
        session.backendId,
        session.meterStartWh,
        session.meterStopWh,
        session.energyWh,
      ]),
      charges.map((one) => [
        one.id,
        one.idTag,
        TAGS[one.idTag as Tag] ?? null,
        one.meterStart,
        one.register,
        one.register - one.meterStart,
      ]),
    );
    assert.equal(new Set(charges.map(({ id }) => id)).size, charges.length);
    assert.deepEqual(
      this.h.tables.log.map(({ action, transactionId, payload }) => [
        action,
        transactionId,
        valueOf(payload),
      ]),
      this.charger.acknowledged.map(({ action, charge, payload }) => [
        action,
        charge.id,
        valueOf(payload),
      ]),
    );
  }

  /** Each backend got every entry that it may see, in order, under its own ids. */
  checkBackends(): void {
    for (const one of this.backends) {
      const bookedTo = (transactionId: number) =>
        this.h.tables.sessions.get(transactionId)!.backendId;
      const wanted = this.h.tables.log.filter(({ transactionId }) =>
        one.id !== "c" || bookedTo(transactionId) === "c"
      );
      const heard = new Map<string, typeof one.heard>();
      for (const item of one.heard) {
        if (!item.action.endsWith("Transaction") && item.action !== "MeterValues") continue;
        heard.set(item.id, [...heard.get(item.id) ?? [], item]);
      }
      const firsts = [...heard.values()].map(([first]) => first!);
      assert.deepEqual(
        firsts.map(({ action, payload }) => [action, valueOf(payload)]),
        wanted.map(({ action, payload }) => [action, valueOf(payload)]),
        one.id,
      );
      const ids = new Map<number, Set<number>>();
      const used = new Map<number, number>();
      for (const [index, first] of firsts.entries()) {
        const { transactionId } = wanted[index]!;
        const copies = heard.get(first.id)!;
        for (const copy of copies) assert.equal(copy.text, first.text, "duplicates are equal");
        if (first.action === "StartTransaction") {
          const given = copies.map(({ answeredId }) => answeredId).filter((id) => id !== undefined);
          ids.set(transactionId, new Set(given));
          assert.equal("transactionId" in first.payload, false);
          continue;
        }
        const theirs = Number(first.payload.transactionId);
        assert.ok(ids.get(transactionId)?.has(theirs), `${one.id} never gave ${theirs}`);
        assert.equal(used.get(transactionId) ?? theirs, theirs, "one id per transaction");
        used.set(transactionId, theirs);
      }
    }
  }

  /** No message id stands for two messages, whoever got it. */
  checkMessageIds(): void {
    for (const received of [this.h.charger, ...this.h.backends.values()]) {
      const texts = new Map<string, string>();
      for (const { text } of received) {
        const frame = parseFrame(text);
        if (frame.type !== "call") continue;
        assert.ok(String(frame.id).length <= 36);
        assert.equal(texts.get(String(frame.id)) ?? text, text);
        texts.set(String(frame.id), text);
      }
    }
  }
}

function valueOf(payload: { [key: string]: unknown }): unknown {
  const values = payload.meterValue as { sampledValue: { value: string }[] }[] | undefined;
  return values?.[0]?.sampledValue[0]?.value ?? payload.meterStop ?? payload.meterStart;
}

for (const clock of [true, false]) {
  Deno.test(`P1, P2: nothing acknowledged is lost or doubled, whatever dies${clock ? "" : ", without a clock"}`, () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 120, size: "max" }), (moves) => {
        const world = new World(clock);
        for (const item of moves) world.play(item);
        world.drain();
        world.checkBooks();
        world.checkBackends();
        world.checkMessageIds();
      }),
      { numRuns: 300 },
    );
  });
}
