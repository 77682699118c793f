/** A real browser for tests: the machine's Chromium, driven by Puppeteer. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser } from "puppeteer-core";

const NAMES = ["chromium", "google-chrome"];
const PROGRAM = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find(existsSync);
const WINDOW = { width: 1280, height: 900 };

/** Whether this machine has one. */
export const browserAvailable = PROGRAM !== undefined;

/** In a language such as `de-DE`, or in the machine's. */
export async function startBrowser(language?: string): Promise<Browser> {
  if (PROGRAM === undefined) throw new Error("Chromium is not installed: apt-get install chromium");
  // It refuses to sandbox what root starts.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  if (language) args.push(`--accept-lang=${language}`);
  return puppeteer.launch({ executablePath: PROGRAM, args, defaultViewport: WINDOW });
}
