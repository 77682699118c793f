/** The dashboard in Home Assistant, saved as the raw configuration editor saves it, in a browser. */
import { parse } from "yaml";
import { dashboardYaml } from "../../../lib/homeassistant/dashboard.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { Browser, screenshot } from "./browser.ts";
import { AN_INSTANT, cameraEntity } from "./expected.ts";
import { House, SITE, VERDICT } from "./house.ts";
import { NEWEST, VERSIONS } from "./versions.ts";

/** The first time, the machine gets Home Assistant in it. */
const SETUP_MS = 600_000;
const CAMERAS = [
  { camera_id: "front_door", name: "Front Door" },
  { camera_id: "yard", name: "Yard" },
];
const URL_PATH = "vigil-home";

/** What each view must show; inputs have their labels where texts are not looked for. */
const VIEWS = {
  overview: ["Alerts", "Events today", "Front Door", "Yard", "Risk score", VERDICT.summary, "False alarm"],
  alerts: ["Alerts", "Risk scores", "Front Door", "Yard"],
  settings: ["Detection", "Risk threshold", "Snooze time"],
  health: ["Running", "Waiting for analysis", "Queues", "Latencies"],
};

for (const version of VERSIONS) {
  describe(`the dashboard in Home Assistant ${version.homeAssistant}`, function () {
    this.timeout(240_000);
    let house: House;
    let browser: Browser;

    before(async function () {
      this.timeout(SETUP_MS);
      house = await House.start(version);
      browser = await Browser.start(house.homeAssistant);
      const { api } = house.homeAssistant;
      for (const { camera_id, name } of CAMERAS) {
        await house.upload(name);
        await api.state(cameraEntity(camera_id, "alert"), ({ state }) => AN_INSTANT.test(state));
      }
      const { connection } = api;
      await connection.sendMessagePromise({
        type: "lovelace/dashboards/create",
        url_path: URL_PATH,
        title: "Vigil",
        mode: "storage",
      });
      const config = parse(dashboardYaml({ siteId: SITE, siteName: SITE, cameras: CAMERAS }));
      await connection.sendMessagePromise({ type: "lovelace/config/save", url_path: URL_PATH, config });
    });
    after(async () => {
      await browser?.close();
      await house?.close();
      removeTempFolders();
    });

    for (const [view, shows] of Object.entries(VIEWS)) {
      it(`shows the view ${view}, each card of it`, async () => {
        const inReadme = version === NEWEST && view === "overview";
        const file = inReadme ? { file: screenshot("dashboard.png") } : {};
        await browser.visit({ path: `/${URL_PATH}/${view}`, shows, ...file });
      });
    }
  });
}
