import { equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { entitiesPage } from "../../docs/entities-page.ts";
import { messagesPage } from "../../docs/messages-page.ts";

describe("docs", () => {
  it("tell of the entities that there are; npm run docs brings them up to date", () => {
    equal(readFileSync("docs/entities.md", "utf8"), entitiesPage());
  });

  it("tell of the messages that there are; npm run docs brings them up to date", () => {
    equal(readFileSync("docs/messages.md", "utf8"), messagesPage());
  });
});
