import { deepEqual, equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { entitiesPage } from "../../docs/entities-page.ts";
import { messagesPage } from "../../docs/messages-page.ts";

const Service = z.object({
  volumes: z.array(z.string()).default([]),
  depends_on: z.array(z.string()).default([]),
  configs: z.array(z.object({ source: z.string() })).default([]),
});
const Compose = z.object({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
  configs: z.record(z.string(), z.object({ content: z.string() })),
});

describe("docs", () => {
  it("tell of the entities that there are; npm run docs brings them up to date", () => {
    equal(readFileSync("docs/entities.md", "utf8"), entitiesPage());
  });

  it("tell of the messages that there are; npm run docs brings them up to date", () => {
    equal(readFileSync("docs/messages.md", "utf8"), messagesPage());
  });

  it("have a compose file whose parts are all there, and all used", () => {
    const { services, volumes, configs } = Compose.parse(parse(readFileSync("docs/docker/compose.yaml", "utf8")));
    const used = Object.values(services);
    const names = (found: string[]) => [...new Set(found)].sort();
    deepEqual(
      names(used.flatMap((each) => each.volumes.map((volume) => volume.split(":")[0] ?? ""))),
      names(Object.keys(volumes)),
    );
    deepEqual(names(used.flatMap((each) => each.configs.map(({ source }) => source))), names(Object.keys(configs)));
    deepEqual(
      used.flatMap((each) => each.depends_on).filter((name) => !(name in services)),
      [],
    );
  });
});
