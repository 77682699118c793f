import { deepEqual, equal, match, throws } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_RISK_BANDS } from "../../../../lib/domain/risk.ts";
import { readSettings } from "../../../../lib/site/replay/settings.ts";
import { root } from "../../../package/manifest.ts";
import { removeTempFolders, tempFolder } from "../../../support/temp-folder.ts";

describe("the settings of a replay", () => {
  after(removeTempFolders);

  let folder: string;
  beforeEach(() => {
    folder = tempFolder();
  });
  const write = (nodes: unknown) => {
    const flows = join(folder, "flows.json");
    writeFileSync(flows, JSON.stringify(nodes));
    return flows;
  };
  const site = { type: "vigil-site", dataDir: "vigil", timeZone: "Europe/Paris", highMax: 90 };
  const cameras = [{ id: "door", name: "Front door", purpose: "The path.", timeZone: "Asia/Tokyo" }];

  it("are those of the site's form", () => {
    const { bands, camera } = readSettings(write([{ type: "tab" }, { ...site, cameras }]), "elsewhere");
    equal(bands.highMax, 90);
    deepEqual(camera("door", "As it was"), {
      camera_id: "door",
      name: "Front door",
      time_zone: "Asia/Tokyo",
      purpose: "The path.",
    });
    deepEqual(camera("shed", "Shed"), { camera_id: "shed", name: "Shed", time_zone: "Europe/Paris", purpose: "" });
  });

  it("do not depend on what else is in the form, such as variables of the environment", () => {
    const flows = join(root, "flows/flows.json");
    match(readFileSync(flows, "utf8"), /"dataDir": "\$\{VIGIL_DATA_DIR\}"/);
    equal(readSettings(flows, "data").bands.highMax, 84);
  });

  it("are those of the site with the data folder, where there are several", () => {
    const flows = write([
      { ...site, dataDir: "other" },
      { ...site, highMax: 70 },
    ]);
    equal(readSettings(flows, join(folder, "vigil")).bands.highMax, 70);
    throws(() => readSettings(flows, folder), { code: "FLOWS", message: /of its 2 sites, 0 have the data folder/ });
  });

  it("are the usual ones without flows", () => {
    const { bands, camera } = readSettings(null, "data");
    const { lowMax, mediumMax, highMax } = bands;
    deepEqual({ lowMax, mediumMax, highMax }, DEFAULT_RISK_BANDS);
    equal(camera("shed", "Shed").name, "Shed");
  });

  it("cannot be read from just anything", () => {
    throws(() => readSettings(write({}), "data"), { name: "ConfigError", code: "FLOWS" });
    throws(() => readSettings(write([]), "data"), { code: "FLOWS", message: /of its 0 sites/ });
    throws(() => readSettings(write([{ ...site, timeZone: "Mars" }]), "data"), { code: "FLOWS", message: /timeZone/ });
  });
});
