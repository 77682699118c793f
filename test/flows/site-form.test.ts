/** The form of `vigil-site` in a browser, in the editor that `npm start` opens. */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { parse } from "yaml";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { killLaunched, launch } from "./launcher.ts";

const SITE = "vigil-demo-site";

describe("the form of vigil-site in a browser", function () {
  this.timeout(90_000);
  let browser: Browser;
  let page: Page;
  let editor: string;

  before(async function () {
    if (!browserAvailable) this.skip();
    browser = await startBrowser();
    const vigil = launch(tempFolder());
    editor = await vigil.printed(/Editor +(http:\S+)/);
    page = await browser.newPage();
    await page.goto(editor);
    await page.waitForFunction(`window.RED?.nodes?.node(${JSON.stringify(SITE)})`);
    await page.evaluate(`RED.editor.editConfig("", "vigil-site", ${JSON.stringify(SITE)})`);
  });
  after(async () => {
    await browser?.close();
    await killLaunched();
    removeTempFolders();
  });

  it("copies the dashboard of the running site", async () => {
    await page.locator("summary ::-p-text(Dashboard for Home Assistant)").click();
    await page.locator("#vigil-site-dashboard-copy").click();
    await page.locator("::-p-text(Copied)").wait();
    await page.evaluate(`document.body.append(Object.assign(document.createElement("textarea"), { id: "paste" }))`);
    await page.focus("#paste");
    await page.keyboard.press("KeyV", { commands: ["paste"] });
    const pasted = String(await page.evaluate("document.querySelector('#paste').value"));
    const served = await fetch(new URL(`vigil/sites/${SITE}/dashboard`, editor));
    assert.deepEqual(await served.json(), { yaml: pasted });
    assert.equal(parse(pasted).views[0].cards[0].title, "home");
  });
});
