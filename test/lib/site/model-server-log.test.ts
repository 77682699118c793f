import { deepEqual } from "node:assert/strict";
import { ModelServerLog } from "../../../lib/site/model-server-log.ts";

describe("ModelServerLog", () => {
  /** What is logged of a server that is looked at again and again. */
  const logged = (concurrency: number, ...looks: readonly Parameters<ModelServerLog["look"]>[0][]) => {
    const lines: string[] = [];
    const say = (level: string) => (text: string) => lines.push(`${level}: ${text}`);
    const logger = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
    const log = new ModelServerLog(logger, concurrency);
    for (const look of looks) log.look(look);
    return lines;
  };
  const GOOD = { schemaEnforced: true, contextSize: 8192, slots: 2 };

  it("says once what is known", () => {
    const unknown = { schemaEnforced: null, contextSize: null, slots: null };
    deepEqual(logged(1, unknown, GOOD, GOOD, unknown, GOOD), [
      "info: The language model's server holds its model to the JSON schema, has a context of 8192 tokens, answers 2 at once",
    ]);
  });

  it("says again what has changed, and warns of what is worse", () => {
    deepEqual(logged(1, GOOD, { ...GOOD, schemaEnforced: false, contextSize: null, slots: null }), [
      "info: The language model's server holds its model to the JSON schema, has a context of 8192 tokens, answers 2 at once",
      "warn: The language model's server does not hold its model to the JSON schema: more of its answers will be unusable",
    ]);
  });

  it("warns of more requests than the server works on", () => {
    deepEqual(logged(3, GOOD).slice(1), [
      "warn: The node sends it 3 at once: the others wait there, and time out sooner",
    ]);
  });
});
