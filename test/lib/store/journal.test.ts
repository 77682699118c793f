import { deepEqual, equal, notEqual } from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { FlowMessage } from "../../../lib/domain/message.ts";
import { fromJournal, toJournal } from "../../../lib/store/journal.ts";

const CAP_BYTES = 256 * 1024;

class Reading {
  readonly celsius = 21;
}

function cycle(): unknown {
  const self: Record<string, unknown> = {};
  self.self = self;
  return self;
}

function nested(depth: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe("toJournal", () => {
  const request = new IncomingMessage(new Socket());
  const shared = { a: 1 };

  const kept: [string, unknown, unknown?][] = [
    ["a string", "Türklingel 玄関 🙂"],
    ["an empty string", ""],
    ["a number", -1.5e-9],
    ["zero", 0],
    ["false", false],
    ["null", null],
    ["a list", [1, "a", null, [true]]],
    ["an object", { a: { b: [{}] } }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [
      "an object of another realm, as a function node makes them",
      runInNewContext("({ a: [{ b: 1 }] })"),
      { a: [{ b: 1 }] },
    ],
    ["one object in two places", { one: shared, two: [shared] }],
    ["undefined in an object, which is absent", { a: undefined, b: 1 }, { b: 1 }],
    ["undefined in a list, which is null", [1, undefined], [1, null]],
    ["a hundred levels", nested(100)],
    ["text that looks like code", '</script>"\\\u2028'],
  ];
  for (const [what, value, comesBackAs = value] of kept) {
    it(`keeps ${what}`, () => {
      const { json, dropped } = toJournal({ payload: value });
      deepEqual(fromJournal(json), { payload: comesBackAs });
      deepEqual(dropped, []);
    });
  }

  const unkept: [string, unknown][] = [
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a bigint", 1n],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a Buffer", Buffer.from("a")],
    ["bytes", new Uint8Array(2)],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a set", new Set()],
    ["an error", new Error("a")],
    ["a regular expression", /a/],
    ["a promise", Promise.resolve()],
    ["a class instance", new Reading()],
    ["a request", request],
    ["a response", new ServerResponse(request)],
  ];
  for (const [what, value] of unkept) {
    const places: [string, unknown, object, string][] = [
      ["", value, {}, "mine"],
      [" in an object", { a: 1, b: { c: value } }, { mine: { a: 1, b: {} } }, "mine.b.c"],
      [" in a list", [1, [value, 2]], { mine: [1, [null, 2]] }, "mine[][]"],
    ];
    for (const [where, holder, rest, place] of places) {
      it(`drops ${what}${where}, keeps the rest and says where`, () => {
        const { json, dropped } = toJournal({ _msgid: "m1", payload: { a: 1 }, mine: holder });
        deepEqual(fromJournal(json), { _msgid: "m1", payload: { a: 1 }, ...rest });
        deepEqual(dropped, [place]);
      });
    }
  }

  it("keeps a payload whose context has what JSON cannot hold", () => {
    const payload = { batch_id: "ba_1", context: { household: { asked_at: new Date(), home: ["ann"] } } };
    const { json, dropped } = toJournal({ payload });
    deepEqual(fromJournal(json), { payload: { batch_id: "ba_1", context: { household: { home: ["ann"] } } } });
    deepEqual(dropped, ["payload.context.household.asked_at"]);
  });

  it("ends a cycle where it closes", () => {
    const { json, dropped } = toJournal({ mine: cycle() });
    equal(dropped.length, 1);
    deepEqual(toJournal(fromJournal(json)).dropped, []);
  });

  it("ends at more levels than anybody means", () => {
    const { json, dropped } = toJournal({ mine: nested(10_000) });
    equal(dropped.length, 1);
    deepEqual(toJournal(fromJournal(json)).dropped, []);
  });

  it("leaves out the hand-over and the mark of a message sent again, which are new each time", () => {
    const { json, dropped } = toJournal({ payload: 1, handover: "s.1", replayed: true });
    deepEqual(fromJournal(json), { payload: 1 });
    deepEqual(dropped, []);
  });

  it("keeps a property with the name of the prototype", () => {
    const message: FlowMessage = JSON.parse('{"payload":1,"__proto__":{"a":1}}');
    equal(toJournal(message).json, '{"payload":1,"__proto__":{"a":1}}');
  });

  it("does not mention a property that is undefined", () => {
    deepEqual(toJournal({ payload: 1, mine: undefined }), { json: '{"payload":1}', dropped: [] });
  });

  it("writes the same for the same message, and something else for another", () => {
    equal(toJournal({ payload: { a: 1 } }).json, toJournal({ payload: { a: 1 } }).json);
    notEqual(toJournal({ payload: { a: 1 } }).json, toJournal({ payload: { a: 2 } }).json);
  });

  describe("of a large message", () => {
    const ours = { _msgid: "m1", topic: "front_door", payload: { upload_id: "up_1" }, filename: "/ftp/a.jpg" };
    /** A message whose journal has this many bytes. */
    const messageOf = (bytes: number, character = "x"): FlowMessage => {
      const empty = Buffer.byteLength(JSON.stringify({ ...ours, note: "n", blob: "" }));
      return { ...ours, note: "n", blob: character.repeat((bytes - empty) / Buffer.byteLength(character)) };
    };

    it("keeps everything up to 256 kB", () => {
      const message = messageOf(CAP_BYTES);
      const { json, dropped } = toJournal(message);
      equal(Buffer.byteLength(json), CAP_BYTES);
      equal(json, JSON.stringify(message));
      deepEqual(dropped, []);
    });

    it("keeps only what Vigil needs above that, and names the rest", () => {
      const { json, dropped } = toJournal({ ...messageOf(CAP_BYTES + 1), call: () => {} });
      equal(json, JSON.stringify(ours));
      deepEqual(dropped, ["call", "note", "blob"]);
    });

    it("counts bytes, not letters", () => {
      const { json, dropped } = toJournal(messageOf(2 * CAP_BYTES, "玄"));
      equal(json, JSON.stringify(ours));
      deepEqual(dropped, ["note", "blob"]);
    });

    it("keeps a large payload: without it there is no work", () => {
      const message = { ...ours, payload: "x".repeat(2 * CAP_BYTES), note: "n" };
      const { json, dropped } = toJournal(message);
      equal(json, JSON.stringify({ ...ours, payload: message.payload }));
      deepEqual(dropped, ["note"]);
    });
  });

  it("brings JSON back as it was", () => {
    // Not fc.jsonValue(), which has -0.
    const jsonValue = fc.json().map((text): unknown => JSON.parse(text));
    fc.assert(
      fc.property(fc.dictionary(propertyName(), jsonValue), (message) => {
        const { json, dropped } = toJournal(message);
        deepEqual(dropped, []);
        deepEqual(fromJournal(json), { ...message });
      }),
    );
  });

  it("keeps what it writes down, and everything where it names nothing", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(fc.dictionary(propertyName(), anything), (message) => {
        const { json, dropped } = toJournal(message);
        deepEqual(toJournal(fromJournal(json)), { json, dropped: [] });
        if (dropped.length === 0) equal(json, JSON.stringify(message));
      }),
    );
  });
});

/** Any name but those that the journal leaves out on purpose. */
function propertyName(): fc.Arbitrary<string> {
  return fc.string().filter((name) => name !== "handover" && name !== "replayed");
}
