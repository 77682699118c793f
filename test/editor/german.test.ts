/** A Node-RED and a browser that speak German: each form's texts and help, what a form finds wrong, and a status. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import type { Browser } from "puppeteer-core";
import { CONFIG_TYPES, catalogueOf, freshValues, MODULE, TYPES } from "../nodes/forms.ts";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type Editor, openEditor } from "../support/editor.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

/** Not the type itself, which Node-RED would take for a reference. */
const idOf = (type: string) => `the-${type}`;

describe("the editor in German", function () {
  this.timeout(120_000);
  let nodeRed: NodeRed;
  let browser: Browser;
  let editor: Editor;

  before(async function () {
    if (!browserAvailable) this.skip();
    nodeRed = await startNodeRed("node-red", vigilUserDir(), { lang: "de" });
    browser = await startBrowser("de-DE");
    await nodeRed.deploy([
      { id: "tab", type: "tab", label: "test" },
      ...TYPES.map((type) => {
        const node = { ...freshValues(type), id: idOf(type), type };
        return CONFIG_TYPES.includes(type)
          ? node
          : { ...node, z: "tab", site: idOf("vigil-site"), x: 100, y: 60, wires: [] };
      }),
    ]);
    editor = await openEditor(browser, nodeRed.url);
  });
  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    removeTempFolders();
  });

  for (const type of TYPES) {
    it(`shows the form of ${type}`, async () => {
      await editor.openForm(idOf(type));
      const shown = await editor.page.$$eval(".red-ui-tray .vigil-form [data-i18n]", (all) =>
        all.map((each) => [each.getAttribute("data-i18n") ?? "", each.textContent] as const),
      );
      await editor.closeForm("cancel");
      const own = shown.filter(([key]) => key.startsWith(MODULE));
      assert.ok(own.length > 0);
      for (const [key, text] of own) {
        const [namespace = "", path = ""] = key.split(":");
        assert.equal(text, catalogueOf(basename(namespace), "de").get(path), key);
      }
    });
  }

  it("says in German what is wrong", async () => {
    await editor.openForm(idOf("vigil-site"));
    await editor.fill("#node-config-input-timeZone", "Berlin");
    await editor.closeForm("ok");
    const faults = await editor.page.evaluate(
      (id) => Object(window).RED.nodes.node(id).validationErrors,
      idOf("vigil-site"),
    );
    assert.ok(String(faults).includes(catalogueOf("vigil-site", "de").get("error.timeZone") ?? "?"), String(faults));
  });

  it("shows German help", async () => {
    const shown = await editor.page.evaluate(() => Object(window).RED.nodes.getNodeHelp("detect"));
    assert.match(shown, /^\s*<p>Findet Menschen, Fahrzeuge, Tiere oder bloße Bewegung/);
  });

  it("shows a German status", async () => {
    await editor.page.waitForFunction(
      (id, text) => Object(window).RED.nodes.node(id).status?.text === text,
      {},
      idOf("dedupe"),
      catalogueOf("vigil-site", "de").get("status.ready"),
    );
  });
});
