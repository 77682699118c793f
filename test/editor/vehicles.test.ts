/** The household's vehicles in the form of `enrich`, in a real browser: entered, saved, shown again and taken out. */
import assert from "node:assert/strict";
import type { Browser } from "puppeteer-core";
import { z } from "zod";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type Editor, openEditor } from "../support/editor.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const Flows = z.array(z.looseObject({ id: z.string(), vehicles: z.unknown().optional() }));

describe("the vehicles in enrich's form", function () {
  this.timeout(120_000);
  let nodeRed: NodeRed;
  let browser: Browser;
  let editor: Editor;

  before(async function () {
    if (!browserAvailable) this.skip();
    nodeRed = await startNodeRed("node-red", vigilUserDir());
    browser = await startBrowser();
    await nodeRed.deploy([
      { id: "tab", type: "tab", label: "test" },
      { id: "site", type: "vigil-site", site: "home", dataDir: "", timeZone: "UTC", cameras: [] },
      { id: "enrich", type: "enrich", z: "tab", site: "site", budget: 5, x: 100, y: 60, wires: [[], []] },
    ]);
    editor = await openEditor(browser, nodeRed.url);
  });
  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    removeTempFolders();
  });

  const values = () =>
    editor.page.$$eval("#vigil-vehicles input, #vigil-vehicles select", (all) => all.map((each) => Object(each).value));
  const save = async () => {
    await editor.closeForm("ok");
    await editor.deploy();
    const flows = Flows.parse(await (await nodeRed.get("flows", "application/json")).json());
    return flows.find(({ id }) => id === "enrich")?.vehicles;
  };

  it("keeps those that were entered, without empty lines", async () => {
    await editor.openForm("enrich");
    for (const _ of [1, 2]) await editor.press("#vigil-entities .red-ui-editableList-addButton");
    for (const [field, text] of Object.entries({ vehicle: "Our car", numberPlate: "AB-123 CD", trust: "unknown" })) {
      await editor.fill(`#vigil-vehicles [name="${field}"]`, text);
    }
    assert.deepEqual(await save(), [{ name: "Our car", plate: "AB-123 CD", trust: "unknown" }]);
  });

  it("shows them again, and lets them be taken out", async () => {
    await editor.reload();
    await editor.openForm("enrich");
    assert.deepEqual(await values(), ["Our car", "AB-123 CD", "unknown"]);
    await editor.press("#vigil-vehicles .red-ui-editableList-item-remove");
    await editor.page.waitForFunction(() => !document.querySelector('#vigil-vehicles [name="vehicle"]'));
    assert.deepEqual(await save(), []);
  });
});
