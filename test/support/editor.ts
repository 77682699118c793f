/** Node-RED's editor in a browser, as a person uses it: forms that are opened, filled and closed. */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";

const WINDOW = { width: 1500, height: 1040 };
const QUIET = { waitUntil: "networkidle2" } as const;

export interface Editor {
  readonly page: Page;
  /** What went wrong in the page, and what could not be fetched, so far. */
  readonly faults: readonly string[];
  /** Opens the form of the node with this id, and waits until it lies still. */
  openForm(id: string): Promise<void>;
  /** Clicks by the element's own handler: what a form is still growing below does not move it away. */
  press(selector: string): Promise<void>;
  /** Enters a text as if typed. Not key by key: the editor moves the focus once a form has slid in. */
  fill(selector: string, text: string): Promise<void>;
  /** Done, or Cancel. */
  closeForm(how: "ok" | "cancel"): Promise<void>;
  /** Deploys, and waits for the answer. */
  deploy(): Promise<void>;
  /** Loads it anew, with what is deployed: what is open or changed is lost. */
  reload(): Promise<void>;
}

/** The editor at a URL, loaded and with nothing open. */
export async function openEditor(browser: Browser, url: string): Promise<Editor> {
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
  });
  await page.setViewport(WINDOW);
  const untilLoaded = () => page.waitForFunction(() => Boolean(Object(window).RED?.nodes?.eachNode));
  await page.goto(url, QUIET);
  await untilLoaded();

  const press = (selector: string) =>
    page.$eval(selector, (element) => {
      if (element instanceof HTMLElement) element.click();
    });
  /** The tray slides in, and grows: it is still once it has kept its place for 20 frames. */
  const untilStill = () =>
    page.waitForFunction(
      (seen: { place: string; frames: number }) => {
        const tray = [...document.querySelectorAll(".red-ui-tray")].at(-1)?.getBoundingClientRect();
        const memory = Object.assign(window, { vigilTray: Object(window).vigilTray ?? { ...seen } }).vigilTray;
        const place = `${tray?.x} ${tray?.width} ${tray?.height}`;
        memory.frames = tray && memory.place === place ? memory.frames + 1 : 0;
        memory.place = place;
        return memory.frames > 20;
      },
      { polling: "raf" },
      { place: "", frames: 0 },
    );
  return {
    page,
    faults,
    press,
    openForm: async (id) => {
      await page.evaluate((node) => {
        const { RED } = Object(window);
        const found = RED.nodes.node(node);
        if (found._def.category === "config") RED.editor.editConfig("", found.type, node);
        else RED.editor.edit(found);
      }, id);
      await page.waitForSelector(".red-ui-tray .vigil-form", { visible: true });
      await untilStill();
    },
    fill: async (selector, text) => {
      await page.$eval(
        selector,
        (field, value) => {
          Object.assign(field, { value });
          for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
        },
        text,
      );
    },
    closeForm: async (how) => {
      const buttons = [`#node-dialog-${how}`, `#node-config-dialog-${how}`];
      const shown = await page.$$eval(buttons.join(), (found) => found.map(({ id }) => `#${id}`));
      assert.equal(shown.length, 1, "one form is open");
      await press(String(shown[0]));
      await page.waitForFunction(() => !document.querySelector(".red-ui-tray"));
    },
    deploy: async () => {
      await page.click("#red-ui-header-button-deploy");
      await page.waitForFunction(() => Object(window).RED.nodes.dirty() === false);
    },
    reload: async () => {
      // What has not been deployed holds whoever leaves the page back.
      await page.evaluate(() => Object(window).RED.nodes.dirty(false));
      await page.reload(QUIET);
      await untilLoaded();
    },
  };
}
