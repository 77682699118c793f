import { deepEqual, equal, throws } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "../../../../lib/site/replay/options.ts";
import { removeTempFolders, tempFolder } from "../../../support/temp-folder.ts";

const URL = "http://model:8080";
const read = (...args: string[]) =>
  readOptions(args, { VIGIL_LLM_API_KEY: "first-key", VIGIL_LLM_API_KEY_B: "second-key" });

describe("the options of vigil-replay", () => {
  let folder: string;

  before(() => {
    folder = tempFolder();
  });
  after(removeTempFolders);

  const file = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("compare what was judged with a model, unless they say more", () => {
    deepEqual(read("data", "--url", URL), {
      input: "data",
      first: "stored",
      second: { url: URL, api: "chat", model: null, apiKey: "first-key", prompt: "newest" },
      last: 100,
      cameraId: null,
      flows: null,
      json: null,
    });
  });

  it("with -b compare a model with one that is the same but for what they say", () => {
    const options = read("data", "--url", URL, "--model", "one", "--prompt", "enriched-3-9f86d081", "--model-b", "two");
    const first = { url: URL, api: "chat", model: "one", apiKey: "first-key", prompt: { version: "9f86d081" } };
    deepEqual([options?.first, options?.second], [first, { ...first, model: "two" }]);
  });

  it("send a key only to the server that it is for", () => {
    const options = read("data", "--url", URL, "--url-b", "http://other");
    equal(options?.second.apiKey, "second-key");
    equal(readOptions(["data", "--url", URL], {})?.second.apiKey, null);
  });

  it("take a new prompt as a whole, from files", () => {
    const [household, rules] = [file("household.txt", "Anna.\n"), file("rules.txt", " Mind the shed. ")];
    const own = read("data", "--url", URL, "--household", household, "--house-rules-b", rules);
    deepEqual(own?.second.prompt, { household: "", house_rules: "Mind the shed." });
    deepEqual(own?.first, {
      url: URL,
      api: "chat",
      model: null,
      apiKey: "first-key",
      prompt: { household: "Anna.", house_rules: "" },
    });
    const other = read("data", "--url", URL, "--prompt", "9f86d081", "--household-b", household);
    deepEqual(other?.second.prompt, { household: "Anna.", house_rules: "" });
  });

  it("ask for help", () => equal(read("--help"), null));

  const wrong: [args: string[], message: RegExp][] = [
    [[], /^Name one data folder/],
    [["data", "more", "--url", URL], /^Name one data folder/],
    [["data"], /^--url must be an http/],
    [["data", "--url", "nonsense"], /^--url must be an http/],
    [["data", "--url", URL, "--url-b", "nonsense"], /^--url-b must be an http/],
    [["data", "--url-b", URL], /^--url must be an http/],
    [["data", "--url", URL, "--colour", "red"], /^Unknown option '--colour'/],
    [["data", "--url"], /^Option '--url <value>' argument missing/],
    [["data", "--url", URL, "--last", "few"], /^--last must be a whole number/],
    [["data", "--url", URL, "--last", "0"], /^--last must be 1 or more/],
    [["data", "--url", URL, "--api", "soap"], /^--api must be chat, completion or auto/],
    [["data", "--url", URL, "--household", "missing.txt"], /no such file.*missing\.txt/],
    [["data", "--url", URL, "--prompt", "9f86d081", "--household", "x"], /^--prompt is a version as it is/],
    [["data", "--url", URL, "--prompt-b", "9f86d081", "--household-b", "x"], /^--prompt-b is a version as it is/],
  ];
  for (const [args, message] of wrong) {
    it(`are refused: ${args.join(" ")}`, () => {
      throws(() => read(...args), { name: "UsageError", code: "USAGE", message });
    });
  }

  it("take no more of a household than the node's form", () => {
    const household = file("long.txt", "x".repeat(2001));
    throws(() => read("data", "--url", URL, "--household", household), {
      message: /has 2001 characters, and .* 2000$/,
    });
  });
});
