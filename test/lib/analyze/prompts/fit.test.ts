import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type FittedPrompt, fitPrompt } from "../../../../lib/analyze/prompts/fit.ts";
import { type KeyPicture, pictureTokens } from "../../../../lib/analyze/prompts/pictures.ts";
import { TIERS, type Tier } from "../../../../lib/analyze/prompts/sections.ts";
import { estimateTokens } from "../../../../lib/analyze/token-budget.ts";
import type { Batch } from "../../../../lib/domain/batch.ts";
import { batch, camera, contextOf, detection, NOON } from "../fixtures.ts";

const SYSTEM = "You judge.";
const ROOMY = 100_000;

const make = (input: Partial<Parameters<typeof fitPrompt>[0]> = {}) =>
  fitPrompt({ system: SYSTEM, batch: batch([detection()]), camera, budget: ROOMY, tokens: null, ...input });
const userOf = async (input: Partial<Parameters<typeof fitPrompt>[0]> = {}) => (await make(input)).prompt.user;
const lines = (text: string) => text.split("\n");
const detectionLines = (user: string) => lines(user).filter((line) => line.startsWith("- at "));
const titles = (user: string) => lines(user).flatMap((line) => /^(?!Detections)([A-Z][a-z ]+):$/.exec(line)?.[1] ?? []);
const leftOut = (user: string) => /^Known, but left out for lack of room: (.*)\.$/m.exec(user)?.[1]?.split(", ") ?? [];

/** So many pictures, a second apart, the best taken last; each is named by its rank. */
const shown = (count: number) => {
  const picture = (rank: number): KeyPicture => ({
    jpeg: Buffer.from(String(rank)),
    width: 1280,
    height: 720,
    time: Date.parse(NOON) + (count - 1 - rank) * 1000,
    detections: [detection()],
  });
  return {
    pictures: Array.from({ length: count }, (_, rank) => picture(rank)),
    missing: 0,
    boxes: "relative",
  } as const;
};

/** Every section, the most important first. */
const ALL_TITLES = [
  ...["Scene", "The house now", "Zones", "Usual activity", "Other cameras", "Seen before", "Description"],
  ...["Text in the picture", "Violence", "Clothing", "Kind of vehicle", "Vehicle damage", "Weather"],
  ...["Picture quality", "Pet", "Action", "Pose", "Distance", "Other attributes"],
];

describe("fitPrompt", () => {
  it("tells one event by its camera, its local time and its detections", async () => {
    const seen = batch(
      [
        detection({ captured_at: "2026-11-20T22:10:12.400Z", offset_ms: 2000, x: 0, y: 0, width: 500, height: 200 }),
        detection({ captured_at: "2026-11-20T22:10:00.000Z", label: "car", confidence: 0.514 }),
      ],
      { started_at: "2026-11-20T22:10:00.000Z", ended_at: "2026-11-20T23:01:00.000Z" },
    );
    const { prompt, tier } = await make({ batch: seen, camera: { ...camera, purpose: "the path to the door" } });
    equal(prompt.system, SYSTEM);
    equal(tier, "basic");
    deepEqual(lines(prompt.user), [
      'Camera: "Front door"',
      'What it is for: "the path to the door"',
      "From: Friday 2026-11-20 23:10:00 (night)",
      "To: Saturday 2026-11-21 00:01:00 (night)",
      "Pictures and clips: 0",
      "Detections:",
      '- at 0 s, "car", 0.51, centre, small',
      '- at 14 s, "person", 0.90, top left, large',
    ]);
  });

  it("says so where nothing was detected", async () =>
    match(await userOf({ batch: batch([]) }), /\nDetections: none$/));

  it("says of a merged batch that it has parts, and of no other", async () => {
    const user = await userOf({ batch: batch([detection()], { merged: ["ba_2", "ba_3"] }) });
    match(user, /\nParts: 3 stretches of time\. .*\n/);
    for (const merged of [undefined, []]) ok(!(await userOf({ batch: batch([], { merged }) })).includes("Parts"));
  });

  it("does not call the day night", async () => ok(!(await userOf()).includes("night")));

  it("cuts a long camera name, and goes by the id where no name is left", async () => {
    match(await userOf({ camera: { ...camera, name: "x".repeat(1000) } }), /^Camera: "x{64}"\n/);
    match(await userOf({ camera: { ...camera, name: "\u200b \n" } }), /^Camera: "front_door"\n/);
  });

  it("keeps the 40 most confident detections and says how many are left out", async () => {
    const many = Array.from({ length: 50 }, (_, i) => detection({ label: `thing ${i}`, confidence: i / 50 }));
    const user = await userOf({ batch: batch(many) });
    equal(detectionLines(user).length, 40);
    ok(user.includes('"thing 49"') && user.includes('"thing 10"') && !user.includes('"thing 9"'));
    ok(user.endsWith("\n10 less confident detections are left out."));
  });

  it("leaves out nothing of 40", async () => {
    const user = await userOf({ batch: batch(Array.from({ length: 40 }, () => detection())) });
    equal(detectionLines(user).length, 40);
    ok(!user.includes("left out"));
  });

  it("has the same first part for 50 events, and the same first lines for a camera's", async () => {
    const users = new Map<string, Set<string>>();
    for (let n = 0; n < 50; n += 1) {
      const tier = TIERS[n % TIERS.length] ?? "basic";
      const started_at = new Date(Date.UTC(2026, 0, n, n % 24)).toISOString();
      const seen = batch([detection({ label: `thing ${n}` })], { started_at, context: contextOf(tier) });
      const { prompt } = await make({ batch: seen, camera: { ...camera, name: `Cam ${n % 5}`, purpose: "the yard" } });
      equal(prompt.system, SYSTEM);
      const [name = "", ...rest] = lines(prompt.user);
      users.set(name, (users.get(name) ?? new Set()).add(rest[0] ?? ""));
    }
    equal(users.size, 5);
    for (const purposes of users.values()) deepEqual([...purposes], ['What it is for: "the yard"']);
  });

  describe("the sections", () => {
    for (const tier of TIERS) {
      it(`make a prompt of the tier ${tier} where its data is there`, async () => {
        const fitted = await make({ batch: batch([detection()], { context: contextOf(tier) }) });
        equal(fitted.tier, tier);
      });
    }

    it("stand in the order of their importance, after the detections", async () => {
      const user = await userOf({ batch: batch([detection()], { context: contextOf("attributes") }) });
      deepEqual(titles(user), ALL_TITLES);
      ok(user.indexOf("- at 0 s") < user.indexOf("Scene:"));
      match(
        user,
        /\nZones:\n- \{"name":"Driveway","kind":"driveway","detections":4,"seconds":12\.5\}\n- \{"name":"Front/,
      );
      match(user, /\nOther attributes:\n- \{"sound":"a door bell"\}$/);
    });

    const absent: [string, Batch["context"]][] = [
      ["no context", undefined],
      ["an empty one", {}],
      ["empty parts", { zones: [], baseline: {}, scene: null, attributes: { pose: [] }, household: "" }],
      ["parts that nobody knows", { mine: { a: 1 } }],
      ["what is no plain data", { zones: () => 1, scene: new Map([[1, 2]]), entities: Buffer.from("x") }],
    ];
    for (const [what, context] of absent) {
      it(`do not appear for ${what}`, async () => {
        const { prompt, tier } = await make({ batch: batch([detection()], { context }) });
        equal(tier, "basic");
        equal(prompt.user, await userOf());
      });
    }

    it("and all else that is told have the words that the version of our own text stands for", async () => {
      const user = await userOf({ batch: batch([detection()], { context: contextOf("attributes") }) });
      const digest = createHash("sha256").update(user).digest("hex").slice(0, 8);
      equal(digest, "d1098a37", "The words have changed: raise TEXT_VERSION, then put the new digest here");
    });

    it("take attributes in any shape", async () => {
      const user = await userOf({ batch: batch([], { context: { attributes: ["a red hat"] } }) });
      match(user, /\nOther attributes:\n- "a red hat"$/);
    });
  });

  describe("the pictures", () => {
    it("are shown before the event is told, and counted", async () => {
      const { prompt, tier, tokens } = await make({ shown: shown(2) });
      equal(tier, "vision");
      deepEqual(
        prompt.pictures?.map(({ caption, jpeg }) => [caption.split("\n")[0], String(jpeg)]),
        [
          ["Picture 1 of 2, at 0 s:", "1"],
          ["Picture 2 of 2, at 1 s:", "0"],
        ],
      );
      match(prompt.user, /\nPictures and clips: 0\nPictures you see: 2\nDetections:\n/);
      const captions = prompt.pictures?.map(({ caption }) => caption).join("") ?? "";
      const text = estimateTokens(`${SYSTEM}\n\n${captions}${prompt.user}`);
      equal(tokens, text + 2 * pictureTokens({ width: 1280, height: 720 }));
    });

    it("are said to be none, or gone, where that is so", async () => {
      const { prompt, tier } = await make({ shown: { ...shown(0), missing: 2 } });
      deepEqual([tier, prompt.pictures], ["basic", undefined]);
      match(prompt.user, /\nPictures you see: none; 2 cannot be read any more\n/);
    });

    it("make no tier lower", async () => {
      const told = batch([detection()], { context: contextOf("attributes") });
      equal((await make({ batch: told, shown: shown(1) })).tier, "attributes");
    });

    it("go before all else where there is no room, all but the best, which goes last", async () => {
      const seen = Array.from({ length: 3 }, (_, n) => detection({ label: `thing ${n}`, confidence: n / 10 }));
      const full = batch(seen, { context: contextOf("enriched") });
      const all = await make({ batch: full, shown: shown(4) });
      const told: [pictures: string, sections: number, detections: number][] = [];
      for (let budget = all.tokens; budget > 0; budget -= 3) {
        const fitted = await make({ batch: full, shown: shown(4), budget }).catch(() => null);
        if (!fitted) break;
        const { pictures = [], user } = fitted.prompt;
        const now: (typeof told)[number] = [
          pictures.map(({ jpeg }) => String(jpeg)).join(" "),
          titles(user).length,
          detectionLines(user).length,
        ];
        if (String(told.at(-1)) !== String(now)) told.push(now);
        const missing = 4 - pictures.length;
        equal(leftOut(user)[0], missing === 0 ? undefined : `${missing} ${missing === 1 ? "picture" : "pictures"}`);
        match(user, new RegExp(`\\nPictures you see: ${pictures.length || "none"}\\n`));
      }
      const sections = titles(all.prompt.user).length;
      deepEqual(
        told.map(([pictures]) => pictures).filter((each, n, list) => each !== list[n - 1]),
        ["3 2 1 0", "2 1 0", "1 0", "0", ""],
      );
      ok(told.every(([pictures, left]) => pictures.length <= 1 || left === sections));
      ok(told.every(([pictures, left, rows]) => pictures !== "" || (left === 0 && rows === 1)));
    });
  });

  describe("the budget", () => {
    /** A token is a word. */
    const words = { countTokens: async (text: string) => text.split(/\s+/).length };
    const full = batch(
      Array.from({ length: 8 }, (_, i) => detection({ label: `thing ${i}`, confidence: i / 10 })),
      { context: contextOf("attributes") },
    );

    it("drops sections in their order, then the least confident detections, and says so", async () => {
      const all = await make({ batch: full, tokens: words });
      const told: [string[], number][] = [];
      for (let budget = all.tokens - 1; ; budget -= 1) {
        const shorter = await make({ batch: full, tokens: words, budget }).catch(() => null);
        if (!shorter) break;
        ok(shorter.tokens <= budget);
        const { user } = shorter.prompt;
        deepEqual([...titles(user), ...leftOut(user).toReversed()], ALL_TITLES);
        told.push([leftOut(user), detectionLines(user).length]);
      }
      ok(told.some(([sections]) => sections.length > 0 && sections.length < ALL_TITLES.length));
      ok(told.every(([sections, rows]) => rows === 8 || sections.length === ALL_TITLES.length));
      deepEqual(told.at(-1)?.[1], 1);
    });

    it("tells the tier by what is left", async () => {
      const sections = estimateTokens(await userOf({ batch: full }));
      const tiers: Tier[] = [];
      for (let budget = sections; budget > 0; budget -= 5) {
        const fitted = await make({ batch: full, budget }).catch(() => null);
        if (fitted && tiers.at(-1) !== fitted.tier) tiers.push(fitted.tier);
      }
      deepEqual(tiers, ["attributes", "vision", "basic"]);
    });

    it("keeps the most confident detection, or fails and says what would help", async () => {
      await rejects(make({ batch: full, tokens: words, budget: 10 }), {
        code: "LLM_CONTEXT_SMALL",
        retryable: false,
        message: /room for a prompt of 10 tokens, and the shortest has \d\d+: give the server a larger context/,
      });
    });

    it("counts once where all has room, and a few times where it has not", async () => {
      const counted: string[] = [];
      const tokens = {
        countTokens: async (text: string) => {
          counted.push(text);
          return words.countTokens(text);
        },
      };
      const all = await make({ batch: full, tokens });
      equal(counted.length, 1);
      equal(counted[0], `${all.prompt.system}\n\n${all.prompt.user}`);
      counted.length = 0;
      await make({ batch: full, tokens, budget: all.tokens - 30 });
      ok(counted.length <= 6, `${counted.length}`);
    });

    it("estimates where the server cannot count", async () => {
      const { prompt, tokens } = await make({ batch: full, tokens: { countTokens: async () => null } });
      equal(tokens, estimateTokens(`${prompt.system}\n\n${prompt.user}`));
    });

    const counters: Record<string, (text: string) => number> = {
      estimated: estimateTokens,
      "by character": (text) => text.length,
      "by word": (text) => text.split(/\W+/).length,
      "by a server that has gone mad": (text) => createHash("md5").update(text).digest().readUInt16LE(),
    };
    for (const [how, count] of Object.entries(counters)) {
      it(`is never exceeded, and a larger one never tells less: ${how}`, async () => {
        const told = ({ prompt }: FittedPrompt) =>
          titles(prompt.user).length + detectionLines(prompt.user).length + (prompt.pictures?.length ?? 0);
        await fc.assert(
          fc.asyncProperty(
            fc.nat(60),
            fc.subarray(Object.keys(contextOf("attributes"))),
            fc.subarray(Object.keys(Object(contextOf("attributes").attributes))),
            fc.nat(8000),
            fc.nat(2000),
            fc.nat(4),
            async (detections, parts, attributes, budget, more, pictures) => {
              const all = contextOf("attributes");
              const pick = (from: object, names: string[]) =>
                Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
              const context = { ...pick(all, parts), attributes: pick(Object(all.attributes), attributes) };
              const seen = batch(
                Array.from({ length: detections }, (_, i) => detection({ label: `thing ${i}`, confidence: i / 60 })),
                { context },
              );
              const tokens = { countTokens: async (text: string) => count(text) };
              const [small, large] = await Promise.all(
                [budget, budget + more].map((each) =>
                  make({ batch: seen, shown: shown(pictures), tokens, budget: each }).catch((error) => {
                    equal(error.code, "LLM_CONTEXT_SMALL");
                    return null;
                  }),
                ),
              );
              if (small) {
                const { user, pictures: seenPictures = [] } = small.prompt;
                const text = `${SYSTEM}\n\n${seenPictures.map(({ caption }) => caption).join("")}${user}`;
                const ofPictures = seenPictures.length * pictureTokens({ width: 1280, height: 720 });
                ok(small.tokens <= budget && small.tokens === count(text) + ofPictures);
                ok(large && told(large) >= told(small));
              }
              const again = await make({ batch: seen, shown: shown(pictures), tokens, budget }).catch(() => null);
              deepEqual(again, small);
            },
          ),
          { numRuns: 60 },
        );
      });
    }
  });
});
