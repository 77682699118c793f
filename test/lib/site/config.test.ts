import assert from "node:assert/strict";
import { SiteConfig } from "../../../lib/site/config.ts";

describe("SiteConfig", () => {
  it("works without anything filled in", () => {
    const config = SiteConfig.parse({});
    assert.deepEqual(
      [config.site, config.dataDir, config.mqttUrl, config.topicPrefix, config.discoveryPrefix],
      ["home", "vigil", "", "vigil", "homeassistant"],
    );
    assert.deepEqual([config.lowMax, config.mediumMax, config.highMax], [29, 59, 84]);
    assert.equal(config.timeZone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  });

  it("takes an empty field for one that was not filled in", () => {
    assert.deepEqual(
      [SiteConfig.parse({ lowMax: "" }).lowMax, SiteConfig.parse({ mqttVerify: "false" }).mqttVerify],
      [29, false],
    );
  });

  it("takes numbers as the form's text, and a prefix with levels", () => {
    const config = SiteConfig.parse({ lowMax: "10", mediumMax: "20", highMax: "30", topicPrefix: "house/vigil" });
    assert.deepEqual([config.lowMax, config.highMax, config.topicPrefix], [10, 30, "house/vigil"]);
  });

  const camera = (id: string, rest = {}) => ({ id, folder: "f", name: "n", timeZone: "", ...rest });
  const wrong: [string, object, string][] = [
    ["a site with a slash", { site: "my/home" }, "site"],
    ["a site that ids could not tell from a camera", { site: "home_front" }, "site"],
    ["a time zone that is none", { timeZone: "Mars/Olympus" }, "timeZone"],
    ["levels that do not rise", { lowMax: 60, mediumMax: 50 }, "lowMax"],
    ["a wildcard in the prefix", { topicPrefix: "vigil/#" }, "topicPrefix"],
    ["an empty level in the prefix", { discoveryPrefix: "a//b" }, "discoveryPrefix"],
    ["a camera id with a capital", { cameras: [camera("Front")] }, "cameras.0.id"],
    ["two cameras with one id", { cameras: [camera("a"), camera("a", { folder: "g" })] }, "cameras.1.id"],
    ["two cameras with one folder", { cameras: [camera("a"), camera("b", { folder: "f" })] }, "cameras.1.folder"],
    [
      "a camera's purpose that is a story",
      { cameras: [camera("a", { purpose: "x".repeat(201) })] },
      "cameras.0.purpose",
    ],
    ["a camera's time zone that is none", { cameras: [camera("a", { timeZone: "here" })] }, "cameras.0.timeZone"],
  ];
  for (const [what, config, path] of wrong) {
    it(`refuses ${what}, naming ${path}`, () => {
      const paths = SiteConfig.safeParse(config).error?.issues.map((issue) => issue.path.join("."));
      assert.deepEqual(paths, [path]);
    });
  }
});
