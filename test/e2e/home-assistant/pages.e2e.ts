/** What a user sees of Vigil on Home Assistant's own pages. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { CAMERA_ENTITIES } from "../../../lib/homeassistant/entities/camera.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { Browser, screenshot } from "./browser.ts";
import { AN_INSTANT, cameraEntity, expectedCamera } from "./expected.ts";
import { House } from "./house.ts";
import { NEWEST } from "./versions.ts";

describe(`The pages of Home Assistant ${NEWEST.homeAssistant}`, function () {
  this.timeout(120_000);
  let house: House;
  let browser: Browser;

  before(async function () {
    this.timeout(600_000);
    house = await House.start(NEWEST);
    browser = await Browser.start(house.homeAssistant);
  });
  after(async () => {
    await browser?.close();
    await house?.close();
    removeTempFolders();
  });

  it("show a camera's device with all its entities", async () => {
    const { api } = house.homeAssistant;
    const { id, name } = expectedCamera("front_door", "Front Door");
    await house.upload(name);
    await api.state(cameraEntity("front_door", "last_alert"), ({ state }) => AN_INSTANT.test(state));
    const device = (await api.devices()).find(({ identifiers }) => identifiers.some(([, own]) => own === id));
    const file = screenshot("camera.png");
    await browser.visit({
      path: `/config/devices/device/${device?.id}`,
      shows: [name, ...Object.values(CAMERA_ENTITIES).map((entity) => entity.name)],
      file,
    });
    const { entropy } = await sharp(file).stats();
    assert.ok(entropy > 1, `the picture has an entropy of ${entropy}`);
  });
});
