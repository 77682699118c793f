/** The zone editor in a real browser: drawn on a camera's own picture, saved, and seen to change an alert. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { z } from "zod";
import { Zone } from "../../lib/domain/zone.ts";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type Editor, openEditor } from "../support/editor.ts";
import { eventually } from "../support/eventually.ts";
import { type NodeRed, type NodeRedPackage, startNodeRed } from "../support/node-red.ts";
import { scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

/** Where the second picture shows somebody who was not there before: in the right half. */
const SOMEBODY = { x: 450, y: 180, width: 80, height: 160 };

const Flows = z.array(z.looseObject({ id: z.string(), zones: z.unknown().optional() }));

for (const version of ["node-red", "node-red-4"] as const satisfies NodeRedPackage[]) {
  describe(`the zone editor of ${version}`, function () {
    this.timeout(120_000);
    let folder: string;
    let nodeRed: NodeRed;
    let browser: Browser;
    let editor: Editor;
    let page: Page;

    before(async function () {
      if (!browserAvailable) this.skip();
      folder = vigilUserDir();
      // As behind Home Assistant's ingress: the editor is not at the root.
      nodeRed = await startNodeRed(version, folder, { httpAdminRoot: "/below/a/proxy" });
      browser = await startBrowser();
    });
    after(async () => {
      await browser?.close();
      await nodeRed?.stop();
      removeTempFolders();
    });

    const flows = () => [
      { id: "tab", type: "tab", label: "test" },
      { id: "site", type: "vigil-site", site: "home", dataDir: "data", timeZone: "UTC", cameras: [] },
      {
        id: "watch",
        type: "foscam-watch",
        z: "tab",
        site: "site",
        folder: "cameras",
        x: 100,
        y: 60,
        wires: [["detect"], [], []],
      },
      { id: "detect", type: "detect", z: "tab", site: "site", x: 260, y: 60, wires: [["batch"], [], []] },
      { id: "batch", type: "batch-window", z: "tab", site: "site", idle: 0, x: 420, y: 60, wires: [["enrich"], []] },
      {
        id: "enrich",
        type: "enrich",
        z: "tab",
        site: "site",
        zones: [],
        baseline: true,
        crossCamera: true,
        household: true,
        budget: 5,
        x: 580,
        y: 60,
        wires: [["analyze"], []],
      },
      { id: "analyze", type: "nemotron-analyze", z: "tab", site: "site", x: 740, y: 60, wires: [["alert"], []] },
      {
        id: "alert",
        type: "risk-alert",
        z: "tab",
        site: "site",
        rules: [{ name: "At the door", zones: ["front_door"], cooldown: 0 }],
        x: 900,
        y: 60,
        wires: [[], [], []],
      },
    ];
    const upload = (name: string, bytes: Buffer) => writeFileSync(join(folder, "cameras", "Porch", name), bytes);
    const inspected = () => rowsIn(join(folder, "data"), "SELECT 1 FROM inspections").length;
    /** As it is deployed. */
    const openForm = async () => {
      await editor.reload();
      await editor.openForm("enrich");
      await page.waitForSelector("#vigil-view", { visible: true });
    };
    const middleOf = async (selector: string) => {
      const box = await (await page.waitForSelector(selector))?.boundingBox();
      assert.ok(box);
      return { ...box, x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    /** Where a corner is, and where one is to go that is told by shares of the picture. */
    const wayOfCorner = async (number: number, x: number, y: number) => {
      await page.$eval("#vigil-view", (view) => view.scrollIntoView());
      const from = await middleOf(`#vigil-view .vigil-corner:nth-of-type(${2 * number - 1})`);
      const view = await middleOf("#vigil-view");
      return { from, to: { x: view.x + (x - 0.5) * view.width, y: view.y + (y - 0.5) * view.height } };
    };
    const dragCorner = async (number: number, x: number, y: number) => {
      const { from, to } = await wayOfCorner(number, x, y);
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 5 });
      await page.mouse.up();
    };
    const pointsInEditor = () => page.evaluate(() => Object(window).RED.nodes.node("enrich").zones[0].points);
    const saved = async () => {
      const answer = Flows.parse(await (await nodeRed.get("flows", "application/json")).json());
      return z.array(Zone).parse(answer.find(({ id }) => id === "enrich")?.zones);
    };

    it("works before there is a picture, and draws on the last one", async () => {
      mkdirSync(join(folder, "cameras", "Porch"), { recursive: true });
      await nodeRed.deploy(flows());
      editor = await openEditor(browser, nodeRed.url);
      page = editor.page;
      await openForm();
      assert.ok(await page.$eval("#vigil-view", (element) => element.classList.contains("vigil-blank")));
      upload("20260911_120000.jpg", await scene());
      await eventually(() => inspected() === 1, "the first picture", 30_000);
      await openForm();
      await page.waitForSelector("#vigil-view:not(.vigil-blank)");
      assert.equal(await page.$eval("#vigil-zone-camera", (field) => (field as HTMLInputElement).value), "porch");
      const natural = await page.$eval("#vigil-view img", (image) => (image as HTMLImageElement).naturalWidth);
      assert.ok(natural > 320, `${natural}`);
    });

    it("draws, moves, adds and removes corners by mouse and keyboard, names and saves", async () => {
      await editor.press("#vigil-zone-add");
      await page.waitForSelector("#vigil-zone-name", { visible: true });
      await editor.fill("#vigil-zone-name", "Front door");
      await dragCorner(1, 0.55, 0.1);
      await dragCorner(2, 0.98, 0.1);
      await dragCorner(3, 0.98, 0.98);
      await dragCorner(4, 0.55, 0.98);
      // By keyboard: a corner more, moved, and gone again.
      await page.focus("#vigil-view .vigil-corner:nth-of-type(1)");
      await page.keyboard.press("Insert");
      assert.equal((await page.$$("#vigil-view .vigil-corner")).length, 5);
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Delete");
      assert.equal((await page.$$("#vigil-view .vigil-corner")).length, 4);
      await editor.closeForm("ok");
      await editor.deploy();
      const [zone] = await eventually(async () => {
        const zones = await saved();
        return zones.length === 1 && zones;
      }, "the deployed zone");
      assert.ok(zone);
      assert.deepEqual([zone.zone_id, zone.name, zone.camera_id], ["front_door", "Front door", "porch"]);
      const expected = [
        [0.55, 0.1],
        [0.98, 0.1],
        [0.98, 0.98],
        [0.55, 0.98],
      ];
      for (const [index, [x = 0, y = 0]] of expected.entries()) {
        assert.ok(
          Math.abs((zone.points[index]?.[0] ?? -1) - x) < 0.02 && Math.abs((zone.points[index]?.[1] ?? -1) - y) < 0.02,
          JSON.stringify(zone.points),
        );
      }
    });

    it("shows the zone again after a reload, and leaves it alone on Cancel", async () => {
      await openForm();
      await page.waitForSelector("#vigil-view polygon");
      assert.equal(await page.$eval("#vigil-zone-name", (field) => (field as HTMLInputElement).value), "Front door");
      await editor.press("#vigil-zone-delete");
      assert.equal(await page.$("#vigil-view polygon"), null);
      await editor.closeForm("cancel");
      assert.equal((await saved()).length, 1);
    });

    it("moves a corner by a finger, which Undo takes back", async () => {
      await openForm();
      await page.waitForSelector("#vigil-view polygon");
      const before = await pointsInEditor();
      const { from, to } = await wayOfCorner(1, 0.3, 0.4);
      const finger = await page.touchscreen.touchStart(from.x, from.y);
      await finger.move((from.x + to.x) / 2, (from.y + to.y) / 2);
      await finger.move(to.x, to.y);
      await finger.end();
      await editor.closeForm("ok");
      const [[x, y]] = await pointsInEditor();
      assert.ok(Math.abs(x - 0.3) < 0.02 && Math.abs(y - 0.4) < 0.02, `${x} ${y}`);
      await page.evaluate(() => Object(window).RED.actions.invoke("core:undo"));
      assert.deepEqual(await pointsInEditor(), before);
    });

    it("lets a detection in the zone alert", async () => {
      // The detector has begun anew with the deploy.
      const before = inspected();
      upload("20260911_120100.jpg", await scene());
      await eventually(() => inspected() > before, "the picture", 30_000);
      upload("20260911_120101.jpg", await scene(SOMEBODY));
      const alerts = () =>
        rowsIn<{ outcome: string; rules: string }>(
          join(folder, "data"),
          "SELECT outcome, rules FROM decisions ORDER BY decided_at",
        );
      const inside = await eventually(() => alerts()[0], "the decision", 30_000);
      assert.match(inside.rules, /"name":"zones","passed":true,"value":"front_door/);
    });
  });
}
