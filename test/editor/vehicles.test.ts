/** The household's vehicles in the form of `enrich`, in a real browser: entered, saved, shown again and taken out. */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { z } from "zod";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const Flows = z.array(z.looseObject({ id: z.string(), vehicles: z.unknown().optional() }));
const FIELDS = ['[name="vehicle"]', '[name="numberPlate"]'];

describe("the vehicles in enrich's form", function () {
  this.timeout(120_000);
  let nodeRed: NodeRed;
  let browser: Browser;
  let page: Page;

  before(async function () {
    if (!browserAvailable) this.skip();
    nodeRed = await startNodeRed("node-red", vigilUserDir());
    browser = await startBrowser();
    page = await browser.newPage();
    await page.setViewport({ width: 1400, height: 1000 });
    await nodeRed.deploy([
      { id: "tab", type: "tab", label: "test" },
      { id: "site", type: "vigil-site", site: "home", dataDir: "", timeZone: "UTC", cameras: [] },
      { id: "enrich", type: "enrich", z: "tab", site: "site", budget: 5, x: 100, y: 60, wires: [[], []] },
    ]);
  });
  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    removeTempFolders();
  });

  const press = (selector: string) => page.$eval(selector, (button) => (button as HTMLButtonElement).click());
  const openForm = async () => {
    await page.goto(nodeRed.url, { waitUntil: "networkidle2" });
    await page.waitForFunction(() => Boolean(Object(window).RED?.nodes?.node("enrich")));
    await page.evaluate(() => Object(window).RED.editor.edit(Object(window).RED.nodes.node("enrich")));
    await page.waitForSelector("#vigil-entities", { visible: true });
  };
  const values = () =>
    page.$$eval("#vigil-vehicles input, #vigil-vehicles select", (all) => all.map((each) => Object(each).value));
  const save = async () => {
    await press("#node-dialog-ok");
    await page.waitForFunction(() => !document.querySelector("#vigil-entities"));
    await page.click("#red-ui-header-button-deploy");
    await page.waitForFunction(() => Object(window).RED.nodes.dirty() === false);
    const flows = Flows.parse(await (await nodeRed.get("flows", "application/json")).json());
    return flows.find(({ id }) => id === "enrich")?.vehicles;
  };

  it("keeps those that were entered, without empty lines", async () => {
    await openForm();
    const addButton = "#vigil-entities .red-ui-editableList-addButton";
    for (const _ of [1, 2]) await press(addButton);
    for (const [n, text] of ["Our car", "AB-123 CD"].entries()) {
      await page.$eval(`#vigil-vehicles ${FIELDS[n]}`, (field, value) => Object.assign(field, { value }), text);
    }
    await page.$eval('#vigil-vehicles [name="trust"]', (field) => Object.assign(field, { value: "unknown" }));
    assert.deepEqual(await save(), [{ name: "Our car", plate: "AB-123 CD", trust: "unknown" }]);
  });

  it("shows them again, and lets them be taken out", async () => {
    await openForm();
    assert.deepEqual(await values(), ["Our car", "AB-123 CD", "unknown"]);
    await press("#vigil-vehicles .red-ui-editableList-item-remove");
    await page.waitForFunction(() => !document.querySelector('#vigil-vehicles [name="vehicle"]'));
    assert.deepEqual(await save(), []);
  });
});
