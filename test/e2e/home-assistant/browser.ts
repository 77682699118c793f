/** Home Assistant's pages in a real Chromium, as its user sees them. */
import { join } from "node:path";
import type { Browser as Chromium, Page } from "puppeteer-core";
import sharp from "sharp";
import { startBrowser } from "../../support/browser.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import type { HomeAssistant } from "./home-assistant.ts";

export interface Visit {
  /** Of the site, such as `/config/devices/dashboard`. */
  readonly path: string;
  /** Texts that the page must show first. */
  readonly shows: readonly string[];
  /** A PNG of it, where one is wanted. */
  readonly file?: string;
}

const SHOW_MS = 60_000;
const DAY_S = 86_400;
/** What stands in the place of a card that cannot be shown, or of an entity that is not there. */
const FAILED_CARDS = ["hui-error-card", "hui-warning", "hui-warning-element"];

export class Browser {
  readonly #chromium: Chromium;
  readonly #homeAssistant: HomeAssistant;

  private constructor(chromium: Chromium, homeAssistant: HomeAssistant) {
    this.#chromium = chromium;
    this.#homeAssistant = homeAssistant;
  }

  static async start(homeAssistant: HomeAssistant): Promise<Browser> {
    return new Browser(await startBrowser(), homeAssistant);
  }

  /** Opens a page and, once it shows what it must and no card that failed, takes a picture of it. */
  async visit({ path, shows, file }: Visit): Promise<void> {
    const page = await this.#chromium.newPage();
    try {
      await this.#logIn(page);
      await page.goto(this.#homeAssistant.url + path);
      for (const text of shows) await untilShown(page, text);
      await page.waitForFunction('!document.querySelector("#ha-launch-screen")');
      const failed = await page.$(`>>> :is(${FAILED_CARDS.join()})`);
      if (failed) throw new Error(`${path} has a card that failed: ${await failed.evaluate(textOf)}`);
      if (file !== undefined) await save(await page.screenshot(), file);
    } finally {
      await page.close();
    }
  }

  async close(): Promise<void> {
    await this.#chromium.close();
  }

  /** As the page itself would after a login. */
  async #logIn(page: Page): Promise<void> {
    const { url, token } = this.#homeAssistant;
    const tokens = {
      hassUrl: url,
      clientId: `${url}/`,
      access_token: token,
      refresh_token: "",
      token_type: "Bearer",
      expires_in: DAY_S,
      expires: Date.now() + DAY_S * 1_000,
    };
    await page.evaluateOnNewDocument(`localStorage.setItem("hassTokens", ${JSON.stringify(JSON.stringify(tokens))})`);
  }
}

/**
 * Where a picture goes that the README shows: into the folder that the environment's `SCREENSHOTS` names, such as
 * `docs/images`; without it, nowhere that lasts.
 */
export function screenshot(name: string): string {
  return join(process.env.SCREENSHOTS ?? tempFolder(), name);
}

/** 256 colours, which do, take half the room. */
async function save(png: Uint8Array, file: string): Promise<void> {
  await sharp(png).png({ palette: true }).toFile(file);
}

/** Runs in the page. */
function textOf({ shadowRoot, textContent }: Element): string {
  return `${shadowRoot?.textContent ?? ""} ${textContent}`.trim();
}

/** Waits for a text anywhere on the page: Home Assistant's are made of nested shadow roots. */
async function untilShown(page: Page, text: string): Promise<void> {
  // With `visible` it looks again at each frame; without, when the document changes, which a shadow root is no part of.
  await page.waitForSelector(`>>> ::-p-text(${text})`, { visible: true, timeout: SHOW_MS }).catch(async (cause) => {
    throw new Error(`${page.url()} does not show "${text}"`, { cause });
  });
}
