import { deepEqual, equal, match } from "node:assert/strict";
import { ModelServerLog, type ModelServerLogOptions } from "../../../lib/site/model-server-log.ts";

describe("ModelServerLog", () => {
  /** What is logged of a server that is looked at again and again. */
  const logged = (
    options: Partial<ModelServerLogOptions>,
    ...looks: readonly Parameters<ModelServerLog["look"]>[0][]
  ) => {
    const lines: string[] = [];
    const say = (level: string) => (text: string) => lines.push(`${level}: ${text}`);
    const logger = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
    const log = new ModelServerLog({ logger, concurrency: 1, hasPictures: true, ...options });
    for (const look of looks) log.look(look);
    return lines;
  };
  const GOOD = { schemaEnforced: true, contextSize: 8192, slots: 2, takesPictures: null };

  it("says once what is known", () => {
    const unknown = { ...GOOD, schemaEnforced: null, contextSize: null, slots: null };
    deepEqual(logged({}, unknown, GOOD, GOOD, unknown, GOOD), [
      "info: The language model's server holds its model to the JSON schema, has a context of 8192 tokens, answers 2 at once",
    ]);
  });

  it("says again what has changed, and warns of what is worse", () => {
    deepEqual(logged({}, GOOD, { ...GOOD, schemaEnforced: false, contextSize: null, slots: null }), [
      "info: The language model's server holds its model to the JSON schema, has a context of 8192 tokens, answers 2 at once",
      "warn: The language model's server does not hold its model to the JSON schema: more of its answers will be unusable",
    ]);
  });

  it("warns of more requests than the server works on", () => {
    deepEqual(logged({ concurrency: 3 }, GOOD).slice(1), [
      "warn: The node sends it 3 at once: the others wait there, and time out sooner",
    ]);
  });

  describe("of pictures", () => {
    const look = (takesPictures: boolean | null) => ({ ...GOOD, schemaEnforced: null, takesPictures });

    it("says once that they are taken, or not", () => {
      deepEqual(logged({}, look(null), look(true), look(null), look(true)), [
        "info: The language model takes pictures",
      ]);
      const [line = "", ...more] = logged({}, look(false), look(null), look(false));
      match(line, /^warn: The language model takes no pictures and is asked without them: .*--mmproj/);
      deepEqual(more, []);
    });

    it("says what has changed", () => equal(logged({}, look(false), look(true)).length, 2));

    it("says nothing where none are to be sent", () =>
      deepEqual(logged({ hasPictures: false }, look(false), look(true)), []));
  });
});
