import assert from "node:assert/strict";
import type { OwnersWords } from "../../../lib/analyze/prompts/system.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { NodePrompts, type NodePromptsOptions } from "../../../lib/site/node-prompts.ts";
import { Site } from "../../../lib/site/site.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { batch, contextOf, detection } from "../analyze/fixtures.ts";

const ANNA: OwnersWords = { household: "Anna lives here.", house_rules: "" };
const BEN: OwnersWords = { household: "Ben lives here.", house_rules: "Tell of the shed." };

describe("NodePrompts", () => {
  const clock = new FakeClock();
  let folder: string;
  let site: Site;

  const openSite = (config: object = {}) => {
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const options = { config: SiteConfig.parse(config), dataDir: folder, clock, logger, onMqttState: () => {} };
    site = new Site(options);
  };
  beforeEach(() => {
    folder = tempFolder();
    openSite();
  });
  afterEach(() => site.close());
  after(removeTempFolders);

  /** The prompts of a node that starts. */
  const start = (form: OwnersWords = ANNA, options: Partial<NodePromptsOptions> = {}) => {
    clock.advance(1_000);
    return new NodePrompts({
      site,
      nodeId: "analyze",
      form,
      contextSize: 4096,
      answerTokens: 768,
      tokens: null,
      ...options,
    });
  };
  const restart = async (config: object = {}) => {
    await site.close();
    openSite(config);
  };
  const obey = (prompts: NodePrompts, command: string, payload?: unknown) => {
    const answer = prompts.commands[command]?.(payload);
    assert.ok(typeof answer === "object" && answer !== null);
    return answer as Record<string, unknown>;
  };
  const list = (prompts: NodePrompts) => {
    const { active, form, versions } = obey(prompts, "prompts");
    assert.ok(Array.isArray(versions));
    return { active, form, versions, names: versions.map(({ version }) => version) };
  };
  const systemOf = async (prompts: NodePrompts) => (await prompts.of(batch([detection()]))).prompt.system;

  describe("versions", () => {
    it("are made of what the form says, once", async () => {
      const first = list(start());
      assert.deepEqual(first.names, [first.active]);
      assert.deepEqual(
        first.versions.map(({ household, house_rules }) => ({ household, house_rules })),
        [ANNA],
      );
      await restart();
      assert.deepEqual(list(start()), first);
      const second = list(start(BEN));
      assert.deepEqual(second.names, [second.active, first.active]);
    });

    it("are made of the site's risk levels too", async () => {
      const { active } = list(start());
      await restart({ highMax: 90 });
      const changed = list(start());
      assert.equal(changed.names.length, 2);
      assert.notEqual(changed.active, active);
      assert.equal(changed.form, changed.active);
    });

    it("belong to a node", () => {
      start();
      assert.equal(list(start(BEN, { nodeId: "trial" })).names.length, 1);
    });
  });

  describe("where pictures are shown", () => {
    const none = { pictures: [], missing: 0 };
    const textOf = async (prompts: NodePrompts, shown?: typeof none) =>
      (await prompts.of(batch([detection()]), shown)).prompt.system;

    it("are versions of their own, beside those for a model that takes none", async () => {
      const prompts = start(ANNA, { boxes: "relative" });
      const { active, form, names } = list(prompts);
      const plain = list(start(ANNA, { nodeId: "plain" })).active;
      assert.equal(active, form);
      assert.deepEqual(names.toSorted(), [active, plain].toSorted());
      assert.equal(obey(prompts, "prompt").text, await textOf(prompts, none));
      assert.equal(obey(prompts, "prompt", plain).text, await textOf(prompts));
      assert.match(await textOf(prompts, none), /bbox_2d.*Anna lives here/s);
    });

    it("are named by the event, whichever was asked by", async () => {
      const prompts = start(ANNA, { boxes: "none" });
      const { active, names } = list(prompts);
      const versionOf = async (shown?: typeof none) => (await prompts.of(batch([]), shown)).promptVersion.slice(-8);
      assert.equal(await versionOf(none), active);
      assert.ok(names.filter((name) => name !== active).includes(await versionOf()));
    });

    it("keep the chosen words when the form begins to show pictures", () => {
      const first = list(start()).active;
      obey(start(BEN), "activate", first);
      const prompts = start(BEN, { boxes: "pixels" });
      assert.match(String(obey(prompts, "prompt").text), /bbox_2d.*Anna lives here/s);
    });
  });

  describe("activate", () => {
    it("makes an older version hold, also after a restart and a deploy, until the form says something else", async () => {
      const first = list(start()).active;
      const prompts = start(BEN);
      const { form } = list(prompts);
      assert.deepEqual(obey(prompts, "activate", first), { active: first, form });
      assert.match(await systemOf(prompts), /Anna lives here/);

      await restart();
      const again = start(BEN);
      assert.equal(list(again).active, first);
      assert.match(await systemOf(again), /Anna lives here/);

      const carl = { ...BEN, household: "Carl lives here." };
      assert.equal(list(start(carl)).active, list(start(carl)).form);
      // What was chosen over what the form said once is not chosen when it says so again.
      assert.equal(list(start(BEN)).active, form);
    });

    it("can go back to what the form says", () => {
      const first = list(start()).active;
      const prompts = start(BEN);
      const { form } = list(prompts);
      obey(prompts, "activate", first);
      assert.deepEqual(obey(prompts, "activate", form), { active: form, form });
      assert.equal(list(start(BEN)).active, form);
    });

    it("keeps the words where our own have changed since, and names the version that makes", async () => {
      const version = {
        ...ANNA,
        version: "0ddba110",
        text: "An older text.",
        created_at: "2020-01-01T00:00:00.000Z",
      };
      site.store.transaction((tables) => tables.prompts.add("analyze", version));
      const prompts = start(BEN);
      const { active } = obey(prompts, "activate", version.version);
      assert.notEqual(active, version.version);
      assert.match(await systemOf(prompts), /^You assess.*Anna lives here/s);
      await restart();
      assert.equal(list(start(BEN)).active, active);
    });
  });

  it("shows a version with its text, by its name or as an event has it, and the active one by itself", async () => {
    const first = list(start()).active;
    const prompts = start(BEN);
    const shown = obey(prompts, "prompt", first);
    assert.equal(shown.household, ANNA.household);
    assert.match(String(shown.text), /^You assess.*Anna lives here/s);
    assert.deepEqual(obey(prompts, "prompt", `enriched-3-${first}`), shown);
    assert.equal(obey(prompts, "prompt").text, await systemOf(prompts));
  });

  it("compares two versions line by line, or one with the active one", () => {
    const first = list(start()).active;
    const prompts = start({ ...ANNA, household: "Anna lives here.\nA dog." });
    const { active } = list(prompts);
    const expected = { from: first, to: active, lines: ['+ - "A dog."'] };
    assert.deepEqual(obey(prompts, "diff", { from: first }), expected);
    assert.deepEqual(obey(prompts, "diff", { from: first, to: active }), expected);
    assert.deepEqual(obey(prompts, "diff", { from: active, to: first }).lines, ['- - "A dog."']);
  });

  const refusals: [command: string, payload: unknown, code: string, message: RegExp][] = [
    ["prompt", "00000000", "NO_SUCH_PROMPT", /no version "00000000"; it has: [0-9a-f]{8}$/],
    ["prompt", 7, "BAD_PAYLOAD", /^msg\.payload must be a version of the prompt/],
    ["activate", undefined, "BAD_PAYLOAD", /^msg\.payload must be a version/],
    ["activate", "the last one", "BAD_PAYLOAD", /^msg\.payload must be a version/],
    ["diff", "00000000", "BAD_PAYLOAD", /^msg\.payload must name two versions/],
    ["diff", { to: "00000000" }, "BAD_PAYLOAD", /^msg\.payload\.from must be a version/],
    ["diff", { from: "00000000" }, "NO_SUCH_PROMPT", /no version/],
  ];
  for (const [command, payload, code, message] of refusals) {
    it(`refuses ${command} of ${JSON.stringify(payload)}: ${code}`, () => {
      const prompts = start();
      assert.throws(() => prompts.commands[command]?.(payload), { code, message });
    });
  }

  it("names the tier and the version in what an event says, and the camera's purpose in the prompt", async () => {
    await restart({ cameras: [{ id: "front_door", purpose: "the path to the door" }] });
    const prompts = start();
    const { prompt, promptVersion } = await prompts.of(batch([detection()], { context: contextOf("vision") }));
    assert.equal(promptVersion, `vision-3-${list(prompts).active}`);
    assert.match(prompt.user, /^Camera: "front_door"\nWhat it is for: "the path to the door"\n/);
  });

  it("asks the server for its context, and goes by the form where it does not say", async () => {
    let contextSize: number | null = 1_000;
    const tokens = {
      get contextSize() {
        return contextSize;
      },
      countTokens: async (text: string) => text.length,
    };
    const prompts = start(ANNA, { contextSize: 100_000, tokens });
    await assert.rejects(prompts.of(batch([detection()])), { code: "LLM_CONTEXT_SMALL" });
    contextSize = null;
    assert.ok((await prompts.of(batch([detection()]))).tokens > 1_000);
  });
});
