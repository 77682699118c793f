import { deepEqual, equal } from "node:assert/strict";
import type { PromptVersion } from "../../../lib/store/prompts.ts";
import { AT, openStore, removeStores } from "./support.ts";

const version = (name: string, created_at = AT): PromptVersion => ({
  version: name,
  household: `household ${name}`,
  house_rules: "",
  text: `text ${name}`,
  created_at,
});

describe("Prompts", () => {
  after(removeStores);

  it("keeps each node's versions, the newest first, and each as it was first", () => {
    const { prompts } = openStore();
    const newer = version("b", "2027-01-01T00:00:00.000Z");
    for (const each of [version("a"), newer, { ...version("a"), text: "other" }]) prompts.add("analyze", each);
    prompts.add("trial", version("c"));
    deepEqual(prompts.all("analyze"), [newer, version("a")]);
    deepEqual(prompts.get("analyze", "a"), version("a"));
    equal(prompts.get("analyze", "c"), undefined);
  });

  it("knows the one version that was chosen, as long as it was chosen over the same", () => {
    const { prompts } = openStore();
    for (const name of ["a", "b"]) prompts.add("analyze", version(name));
    prompts.add("trial", version("a"));
    equal(prompts.chosen("analyze", "form"), undefined);
    prompts.choose("analyze", "a", "form");
    prompts.choose("analyze", "b", "form");
    equal(prompts.chosen("analyze", "form")?.version, "b");
    equal(prompts.chosen("analyze", "other"), undefined);
    equal(prompts.chosen("trial", "form"), undefined);
    prompts.choose("analyze", null, "form");
    equal(prompts.chosen("analyze", "form"), undefined);
  });
});
