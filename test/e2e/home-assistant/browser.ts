/** Home Assistant's pages in a real Chromium, as its user sees them. */
import { existsSync } from "node:fs";
import puppeteer, { type Browser as Chromium, type Page } from "puppeteer-core";
import type { HomeAssistant } from "./home-assistant.ts";

export interface Shot {
  /** Of the site, such as `/config/devices/dashboard`. */
  readonly path: string;
  /** Texts that the page must show first. */
  readonly shows: readonly string[];
  /** A PNG. */
  readonly file: string;
}

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
const WINDOW = { width: 1280, height: 900 };
const SHOW_MS = 60_000;
const DAY_S = 86_400;

export class Browser {
  readonly #chromium: Chromium;
  readonly #homeAssistant: HomeAssistant;

  private constructor(chromium: Chromium, homeAssistant: HomeAssistant) {
    this.#chromium = chromium;
    this.#homeAssistant = homeAssistant;
  }

  static async start(homeAssistant: HomeAssistant): Promise<Browser> {
    if (!PROGRAM) throw new Error("Chromium is not installed: apt-get install chromium");
    // Chromium refuses to sandbox what root starts.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const chromium = await puppeteer.launch({ executablePath: PROGRAM, args, defaultViewport: WINDOW });
    return new Browser(chromium, homeAssistant);
  }

  /** Takes a picture of a page once it shows what it must, its pictures too. */
  async take({ path, shows, file }: Shot): Promise<void> {
    const page = await this.#chromium.newPage();
    try {
      await this.#logIn(page);
      await page.goto(this.#homeAssistant.url + path);
      for (const text of shows) await untilShown(page, text);
      await page.screenshot({ path: file });
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

/** Waits for a text anywhere on the page: Home Assistant's are made of nested shadow roots. */
async function untilShown(page: Page, text: string): Promise<void> {
  await page.waitForSelector(`>>> ::-p-text(${text})`, { timeout: SHOW_MS }).catch(async (cause) => {
    throw new Error(`${page.url()} does not show "${text}"`, { cause });
  });
}
