/** The rules of risk-alert in a real browser: added, put in order without a mouse, saved, found again, and what they decide. */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { z } from "zod";
import { AlertRules } from "../../lib/alert/rule.ts";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type Editor, openEditor } from "../support/editor.ts";
import { eventually } from "../support/eventually.ts";
import { type NodeRed, type NodeRedPackage, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const Flows = z.array(z.looseObject({ id: z.string() }));

for (const version of ["node-red", "node-red-4"] as const satisfies NodeRedPackage[]) {
  describe(`the rules of risk-alert in ${version}`, function () {
    this.timeout(120_000);
    let folder: string;
    let nodeRed: NodeRed;
    let browser: Browser;
    let editor: Editor;

    before(async function () {
      if (!browserAvailable) this.skip();
      folder = vigilUserDir();
      nodeRed = await startNodeRed(version, folder, { httpAdminRoot: "/below/a/proxy" });
      browser = await startBrowser();
      // With what a form must not lack once it has been open.
      const numbers = { maxPerHour: 20, calibrationLimit: 10 };
      await nodeRed.deploy([
        { id: "tab", type: "tab", label: "test" },
        { id: "site", type: "vigil-site", site: "home", dataDir: "data", timeZone: "UTC", cameras: [] },
        { id: "alert", type: "risk-alert", z: "tab", site: "site", ...numbers, x: 300, y: 60, wires: [[], [], []] },
        // Brings an event whenever its file is written.
        { id: "file", type: "watch", z: "tab", files: join(folder, "settings.js"), x: 100, y: 60, wires: [["event"]] },
        { id: "event", type: "function", z: "tab", func: EVENT, outputs: 1, x: 200, y: 60, wires: [["alert"]] },
      ]);
      editor = await openEditor(browser, nodeRed.url);
    });
    after(async () => {
      await browser?.close();
      await nodeRed?.stop();
      removeTempFolders();
    });

    const row = (number: number) => `#vigil-rules > li:nth-child(${number})`;
    const heads = () =>
      editor.page.$$eval("#vigil-rules .vigil-rule summary > span:first-child", (all) =>
        all.map((each) => each.textContent.trim()),
      );
    const saved = async () => {
      const flows = Flows.parse(await (await nodeRed.get("flows", "application/json")).json());
      const alert = z.looseObject({ rules: AlertRules }).parse(flows.find(({ id }) => id === "alert"));
      return alert.rules;
    };

    it("begin with those of a new node", async () => {
      await editor.openForm("alert");
      assert.deepEqual(await heads(), ["1. High risk", "2. Person, not analysed"]);
      assert.equal(await editor.page.$(".vigil-rule[open]"), null, "folded");
      await editor.closeForm("cancel");
    });

    it("are added, filled in and put first by the keyboard, and saved", async () => {
      await editor.openForm("alert");
      await editor.press(".red-ui-tray .red-ui-editableList-addButton");
      assert.ok(await editor.page.$(`${row(3)} .vigil-rule[open]`), "the new one is open");
      const fields = { name: "Night", minScore: "0", labels: "Person, dog", from: "22:00", to: "06:00", cooldown: "0" };
      for (const [name, text] of Object.entries(fields)) await editor.fill(`${row(3)} [name="${name}"]`, text);
      for (const box of ['[name="days"][value="fri"]', '[name="modes"][value="away"]']) {
        await editor.press(`${row(3)} ${box}`);
      }
      await editor.fill(`${row(3)} [name="severity"]`, "critical");
      await editor.page.focus(`${row(3)} .vigil-up`);
      await editor.page.keyboard.press("Enter");
      await editor.page.keyboard.press("Enter");
      assert.deepEqual(await heads(), ["1. Night", "2. High risk", "3. Person, not analysed"]);
      await editor.fill("#vigil-quiet [name=from]", "23:00");
      await editor.fill("#vigil-quiet [name=to]", "07:00");
      await editor.closeForm("ok");
      await editor.deploy();
      const [night, ...others] = await saved();
      assert.deepEqual(night, {
        name: "Night",
        enabled: true,
        events: "scored",
        minScore: 0,
        minLevel: null,
        cameras: [],
        modes: ["away"],
        schedule: { days: ["fri"], from: "22:00", to: "06:00", timeZone: "" },
        labels: ["person", "dog"],
        zones: [],
        minConfidence: null,
        minDwell: null,
        unusual: null,
        trust: [],
        severity: "critical",
        cooldown: 0,
        dedupKey: "{camera_id}:{rule}",
        channels: [],
      });
      assert.deepEqual(
        others.map(({ name }) => name),
        ["High risk", "Person, not analysed"],
      );
    });

    it("are there again after a reload, as they were entered, and can be deleted", async () => {
      await editor.reload();
      await editor.openForm("alert");
      assert.deepEqual(await heads(), ["1. Night", "2. High risk", "3. Person, not analysed"]);
      const shown = await editor.page.$eval(row(1), (item) => {
        const fields = [...item.querySelectorAll<HTMLInputElement>("input, select")];
        const isTold = ({ type, checked, value }: HTMLInputElement) => (type === "checkbox" ? checked : value !== "");
        return fields.filter(isTold).map(({ name, value }) => `${name}=${value}`);
      });
      assert.deepEqual(shown, [
        ...["enabled=on", "name=Night", "events=scored", "minScore=0", "modes=away", "days=fri"],
        ...["from=22:00", "to=06:00", "labels=person, dog", "severity=critical", "cooldown=0"],
        "dedupKey={camera_id}:{rule}",
      ]);
      assert.ok(await editor.page.$("#vigil-quiet[open]"), "quiet hours that are set are unfolded");
      await editor.press(`${row(1)} .red-ui-editableList-item-remove`);
      await editor.page.waitForFunction(() => document.querySelectorAll("#vigil-rules > li").length === 2);
      await editor.closeForm("ok");
      await editor.deploy();
      assert.deepEqual(
        (await saved()).map(({ name }) => name),
        ["High risk", "Person, not analysed"],
      );
    });

    it("tell what they have decided, and why, in the form", async () => {
      await editor.openForm("alert");
      const open = async () => {
        await editor.page.$eval("#vigil-decisions", (section) => {
          if (section instanceof HTMLDetailsElement) section.open = false;
        });
        await editor.page.$eval("#vigil-decisions", (section) => {
          if (section instanceof HTMLDetailsElement) section.open = true;
        });
        await editor.page.waitForFunction(() => document.querySelector("#vigil-decisions > div")?.textContent !== "");
        return editor.page.$eval("#vigil-decisions > div", (list) => list.textContent);
      };
      assert.equal(await open(), "Nothing has been decided yet.");
      appendFileSync(join(folder, "settings.js"), "// once more\n");
      const text = await eventually(async () => {
        const found = await open();
        return found.includes("porch") && found;
      }, "the decision");
      assert.match(text, /porch · no alert · low · No rule holds\. "High risk": score is 20, asked is 60 or more/);
      assert.match(text, /<i>hostile<\/i>/, "shown as text");
      const marks = await editor.page.$$eval("#vigil-decisions .vigil-failed", (all) =>
        all.map((each) => each.textContent),
      );
      assert.ok(marks.includes("score: 20 (60 or more)"), marks.join("\n"));
      await editor.closeForm("cancel");
      assert.deepEqual(editor.faults, []);
    });
  });
}

const EVENT = `
  const now = new Date().toISOString();
  msg.payload = {
    event_id: "ev_1", batch_id: "ba_1", camera_id: "porch", camera_name: "Porch", started_at: now, ended_at: now,
    revision: 1, final: true, risk_score: 20, risk_level: "low", analysis: "model", summary: "", reasoning: "",
    recommended_action: null, labels: ["<i>hostile</i>"], detection_count: 1, fast_path: false, thumbnail_path: null,
    model: null, prompt_version: null, reviewed: false, created_at: now, detections: [],
  };
  return msg;`;
