/** The whole pipeline, as a person meets it in the editor: imported, looked at, filled in wrongly and rightly, deployed. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { catalogueOf, TYPES } from "../nodes/forms.ts";
import { browserAvailable, startBrowser } from "../support/browser.ts";
import { type Editor, openEditor } from "../support/editor.ts";
import { eventually } from "../support/eventually.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type NodeRed, type NodeRedPackage, startNodeRed } from "../support/node-red.ts";
import { scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

/** Where pictures go, for people to look at; nowhere unless it is named. */
const SCREENSHOTS = process.env.SCREENSHOTS;
const SOMEBODY = { x: 400, y: 180, width: 80, height: 160 };

/** What a person might do to a form, and the sentence of the catalogue that must then say what is wrong. */
interface Mistake {
  readonly type: string;
  readonly says: string;
  /** In order: fields with what is entered, by name or by a selector, and selectors of buttons to press. */
  readonly steps: readonly (readonly [field: string, text: string] | string)[];
}

const ADD_CAMERA = ".red-ui-editableList-addButton";
const camera = (field: string, row = 1) => `#vigil-site-cameras li:nth-child(${row}) input[name="${field}"]`;
const ADD_ZONE = [["#vigil-zone-camera", "porch"], "#vigil-zone-add"] as const;
const ADD_RULE = ".red-ui-tray .red-ui-editableList-addButton";
const rule = (field: string, row = 1) =>
  field.startsWith("#") ? field : `#vigil-rules li:nth-child(${row}) [name="${field}"]`;
const MISTAKES: readonly Mistake[] = [
  { type: "vigil-site", says: "vigil-site:error.site", steps: [["site", "My home"]] },
  { type: "vigil-site", says: "vigil-site:error.timeZone", steps: [["timeZone", "Berlin"]] },
  { type: "vigil-site", says: "vigil-site:error.topicPrefix", steps: [["topicPrefix", "a/#"]] },
  { type: "vigil-site", says: "vigil-site:error.bands", steps: [["lowMax", "70"]] },
  { type: "vigil-site", says: "vigil-site:error.wholeNumber", steps: [["lowMax", "29.5"]] },
  { type: "vigil-site", says: "vigil-site:error.number", steps: [["silentAfter", "-1"]] },
  { type: "vigil-site", says: "vigil-site:error.url", steps: [["mqttUrl", "http://192.168.1.5"]] },
  { type: "vigil-site", says: "vigil-site:error.cameraId", steps: [ADD_CAMERA, [camera("id"), "Front door"]] },
  {
    type: "vigil-site",
    says: "vigil-site:error.cameraTwice",
    steps: [ADD_CAMERA, ADD_CAMERA, [camera("id"), "front"], [camera("id", 2), "front"]],
  },
  {
    type: "vigil-site",
    says: "vigil-site:error.cameraTimeZone",
    steps: [ADD_CAMERA, [camera("id"), "front"], [camera("timeZone"), "Moon"]],
  },
  {
    type: "vigil-site",
    says: "vigil-site:error.cameraPurpose",
    steps: [ADD_CAMERA, [camera("id"), "front"], [camera("purpose"), "x".repeat(201)]],
  },
  {
    type: "vigil-site",
    says: "vigil-site:error.alarming",
    steps: [
      ["alarmingMin", "20"],
      ["alarmingMax", "10"],
    ],
  },
  { type: "retention", says: "retention:error.time", steps: [["time", "half past three"]] },
  {
    type: "enrich",
    says: "enrich:error.vehicle",
    steps: ["#vigil-entities .red-ui-editableList-addButton", ['#vigil-vehicles [name="vehicle"]', "Our car"]],
  },
  { type: "vigil-home-assistant", says: "vigil-home-assistant:error.path", steps: [["dashboard", "lovelace"]] },
  { type: "vigil-home-assistant", says: "vigil-site:error.entry", steps: [["entities", "the door"]] },
  {
    type: "vigil-home-assistant",
    says: "vigil-site:error.entries",
    steps: [["entities", Array.from({ length: 13 }, (_, n) => `sensor.s${n}`).join()]],
  },
  { type: "detect", says: "detect:error.thresholds", steps: [["thresholds", "person 2"]] },
  { type: "detect", says: "detect:error.mask", steps: [["mask", "[[0,0]]"]] },
  {
    type: "nemotron-analyze",
    says: "nemotron-analyze:error.picturesNeedChat",
    steps: [
      ["api", "completion"],
      ["pictures", "1"],
    ],
  },
  { type: "nemotron-analyze", says: "vigil-site:error.length", steps: [["houseRules", "x".repeat(1001)]] },
  { type: "enrich", says: "enrich:error.name", steps: [...ADD_ZONE, ["#vigil-zone-name", " "]] },
  { type: "enrich", says: "enrich:error.priority", steps: [...ADD_ZONE, ['[data-zone="priority"]', "x"]] },
  { type: "enrich", says: "enrich:error.loiter", steps: [...ADD_ZONE, ['[data-zone="loiter_after_s"]', "0"]] },
  {
    type: "enrich",
    says: "enrich:error.overlap",
    steps: [...ADD_ZONE, ['[data-zone="anchor"]', "overlap"], ['[data-zone="min_overlap"]', "2"]],
  },
  ...(
    [
      ["name", ["name", " "]],
      ["nameTwice", [rule("name", 2), "HIGH RISK"]],
      ["score", ["minScore", "60.5"]],
      ["cameras", ["cameras", "Front door"]],
      ["time", ["from", "22:30"]],
      ["timeZone", ["from", "22:30"], ["to", "06:00"], ["timeZone", "Berlin"]],
      ["words", ["labels", "x".repeat(65)]],
      ["confidence", ["minConfidence", "60"]],
      ["dwell", ["minDwell", "0"]],
      ["cooldown", ["cooldown", "a while"]],
      ["dedupKey", ["dedupKey", "{camera}"]],
      ["channels", ["channels", "nobody"]],
      ["rules", ...new Array(29).fill(ADD_RULE)],
    ] as const satisfies readonly (readonly [string, ...Mistake["steps"]])[]
  ).map(([key, ...steps]) => ({
    type: "risk-alert",
    says: `risk-alert:error.${key}`,
    steps: steps.map((step) => (typeof step === "string" ? step : ([rule(step[0]), step[1]] as const))),
  })),
];
/** What the example does without, and what is added for its form alone. */
const ADDED = ["vigil-home-assistant", "gpu-monitor", "retention"];
/** Those that need a hand on the drawing: the test of the zone editor draws. */
const DRAWN = ["enrich:error.cross"];

for (const version of ["node-red", "node-red-4"] as const satisfies NodeRedPackage[]) {
  describe(`the editor of ${version}`, function () {
    this.timeout(240_000);
    let folder: string;
    let nodeRed: NodeRed;
    let broker: Broker;
    let events: Subscriber;
    let browser: Browser;
    let editor: Editor;

    before(async function () {
      if (!browserAvailable) this.skip();
      folder = vigilUserDir();
      broker = await startBroker();
      events = await subscribe(broker.url, "vigil/#");
      // As behind Home Assistant's ingress: the editor is not at the root.
      nodeRed = await startNodeRed(version, folder, { httpAdminRoot: "/below/a/proxy" });
      browser = await startBrowser();
      editor = await openEditor(browser, nodeRed.url);
    });
    after(async () => {
      await browser?.close();
      await nodeRed?.stop();
      await events?.close();
      await broker?.stop();
      removeTempFolders();
    });

    afterEach(async () => {
      // What a failed test left open would be in the way of the next.
      if (await editor?.page.$(".red-ui-tray")) await editor.closeForm("cancel");
    });

    /** The ids of the nodes of a type. */
    const idsOf = (type: string) =>
      editor.page.evaluate((wanted) => {
        const ids: string[] = [];
        // The editor stops at the first `false`.
        const look = (node: { type: string; id: string }) => {
          if (node.type === wanted) ids.push(node.id);
        };
        Object(window).RED.nodes.eachNode(look);
        Object(window).RED.nodes.eachConfig(look);
        return ids;
      }, type);
    const formOf = async (type: string) => {
      const [id] = await idsOf(type);
      assert.ok(id, `a ${type}`);
      await editor.openForm(id);
      return id;
    };
    const selectorOf = (type: string, field: string) => {
      if (/[#[]/.test(field)) return field;
      return `#node-${type.startsWith("vigil-") ? "config-" : ""}input-${field}`;
    };
    /** That of the README, which shows one of the newest Node-RED, is called as there. */
    const pictureOf = (name: string, theme: "light" | "dark") => {
      if (version !== "node-red" || name !== "detect") return `${version} ${name} ${theme}.png`;
      return theme === "dark" ? "form-dark.png" : "form.png";
    };
    /** Of the whole editor, or of one element. */
    const shoot = async (name: string, selector = "#red-ui-editor") => {
      if (SCREENSHOTS === undefined) return;
      mkdirSync(SCREENSHOTS, { recursive: true });
      for (const theme of ["light", "dark"] as const) {
        await editor.page.evaluate(
          (dark) => document.documentElement.classList.toggle("nr-theme-dark", dark),
          theme === "dark",
        );
        const shown = await editor.page.waitForSelector(selector);
        await shown?.screenshot({ path: join(SCREENSHOTS, pictureOf(name, theme)) });
      }
      await editor.page.evaluate(() => document.documentElement.classList.remove("nr-theme-dark"));
    };

    it("offers the pipeline under Import ▸ Examples", async () => {
      const { page, press } = editor;
      await page.evaluate(() => Object(window).RED.actions.invoke("core:show-examples-import-dialog"));
      const open = async (label: string) => {
        const entries = `//*[contains(@class, "red-ui-clipboard-dialog")]//*[contains(@class, "red-ui-treeList-label")]`;
        const entry = await page.waitForSelector(`::-p-xpath(${entries}[normalize-space() = "${label}"])`, {
          visible: true,
        });
        await entry?.click();
      };
      await open("node-red-contrib-vigil");
      await open("1 Whole pipeline");
      await page.waitForSelector("#red-ui-clipboard-dialog-ok:not(:disabled)");
      await press("#red-ui-clipboard-dialog-ok");
      const [alerts] = await eventually(async () => {
        const found = await idsOf("risk-alert");
        return found.length > 0 && found;
      }, "the imported nodes");
      const [site] = await idsOf("vigil-site");
      await page.evaluate(
        (id) => Object(window).RED.workspaces.show(Object(window).RED.nodes.node(id).z),
        String(alerts),
      );
      await editor.openForm(String(site));
      await editor.fill("#node-config-input-mqttUrl", broker.url);
      await editor.closeForm("ok");
      await shoot("flow");
    });

    it("adds what the pipeline does without, as an older version may have saved it", async () => {
      const [site] = await idsOf("vigil-site");
      await editor.page.evaluate(
        (types, id) => {
          const { RED } = Object(window);
          for (const type of types) RED.nodes.import([{ id: RED.nodes.id(), type, z: "", site: id }]);
        },
        await missingTypes(),
        site,
      );
      assert.deepEqual(await missingTypes(), []);
    });

    const missingTypes = async () => {
      const missing: string[] = [];
      for (const type of TYPES) if ((await idsOf(type)).length === 0) missing.push(type);
      return missing;
    };

    for (const type of TYPES) {
      it(`shows the form of ${type}: each field labelled, each text translated`, async () => {
        await formOf(type);
        await editor.page.$$eval(".red-ui-tray details", (all) => {
          for (const each of all) each.setAttribute("open", "");
        });
        const { wrong, unlabelled, untranslated } = await editor.page.evaluate(() => {
          const form = document.querySelector(".red-ui-tray .vigil-form");
          const fields = [...(form?.querySelectorAll<HTMLInputElement>("input, select, textarea") ?? [])];
          const isNamed = (field: HTMLInputElement) =>
            (field.labels?.length ?? 0) > 0 ||
            field.ariaLabel ||
            field.title ||
            field.placeholder ||
            field.type === "hidden";
          return {
            wrong: fields.filter((field) => field.classList.contains("input-error")).map(({ id }) => id),
            unlabelled: fields.filter((field) => !isNamed(field)).map(({ outerHTML }) => outerHTML),
            // What a catalogue lacks is shown by its key.
            untranslated: [...(form?.querySelectorAll("span, option, summary, h4, button") ?? [])]
              .map((element) => element.textContent.trim())
              .filter((text) => /^[a-z]+\.[A-Za-z.]+$/.test(text)),
          };
        });
        assert.deepEqual({ wrong, unlabelled, untranslated }, { wrong: [], unlabelled: [], untranslated: [] });
        await shoot(type, ".red-ui-tray-wrapper");
        await editor.closeForm("cancel");
      });
    }

    for (const { type, says, steps } of MISTAKES) {
      it(`says ${says} of ${type}`, async () => {
        const id = await formOf(type);
        for (const step of steps) {
          if (typeof step === "string") await editor.press(step);
          else await editor.fill(selectorOf(type, step[0]), step[1]);
        }
        await editor.closeForm("ok");
        const faults = await editor.page.evaluate((node) => Object(window).RED.nodes.node(node).validationErrors, id);
        const [catalogue = "", key = ""] = says.split(":");
        const sentence = (catalogueOf(catalogue).get(key) ?? "").split(/__\w+__/).filter((part) => part !== "");
        assert.ok(
          faults.some((fault: string) => sentence.every((part) => fault.includes(part))),
          faults.join("\n"),
        );
        await editor.page.evaluate(() => Object(window).RED.actions.invoke("core:undo"));
        const left = await editor.page.evaluate((node) => Object(window).RED.nodes.node(node).validationErrors, id);
        assert.deepEqual(left, []);
      });
    }

    it("has a mistake for each sentence of the catalogues", () => {
      const said = [...MISTAKES.map(({ says }) => says), ...DRAWN];
      const sentences = TYPES.flatMap((type) =>
        [...catalogueOf(type).keys()].filter((key) => key.startsWith("error.")).map((key) => `${type}:${key}`),
      );
      assert.deepEqual(
        sentences.filter((key) => !said.includes(key)),
        [],
      );
    });

    it("deploys, turns green, and takes an upload all the way to Home Assistant's topics", async () => {
      mkdirSync(join(folder, "cameras", "Porch"), { recursive: true });
      // They were added for their forms, and have no place in the flow.
      for (const type of ADDED) {
        for (const id of await idsOf(type)) {
          await editor.page.evaluate((node) => Object(window).RED.nodes.remove(node), id);
        }
      }
      const [site] = await idsOf("vigil-site");
      const set = await editor.page.evaluate((id) => Object(window).RED.nodes.node(id).mqttUrl, site);
      assert.equal(set, broker.url, "what was undone is what was done wrong, and no more");
      const [batches] = await idsOf("batch-window");
      await editor.openForm(String(batches));
      await editor.fill("#node-input-idle", "0");
      await editor.closeForm("ok");
      await editor.deploy();
      await eventually(
        async () => {
          const badges = await editor.page.evaluate(() => {
            const found: string[] = [];
            Object(window).RED.nodes.eachNode((node: { status?: { fill?: string; shape?: string } }) => {
              if (node.status?.fill) found.push(`${node.status.fill} ${node.status.shape}`);
            });
            return found;
          });
          return badges.length >= 7 && badges.every((badge) => badge === "green dot");
        },
        "green badges",
        30_000,
      );
      if (SCREENSHOTS !== undefined) {
        await editor.page.addStyleTag({
          content: '#red-ui-notifications, [id$="-shade"] { display: none !important; }',
        });
        await editor.page.setViewport({ width: 2100, height: 640 });
        await shoot("deployed", "#red-ui-workspace-chart");
      }
      const upload = (name: string, bytes: Buffer) => writeFileSync(join(folder, "cameras", "Porch", name), bytes);
      // What has come into view is motion: the first picture must have been looked at before, and none be a duplicate.
      const inspected = () => rowsIn(join(folder, "vigil"), "SELECT 1 FROM inspections").length;
      upload("20260911_120000.jpg", await scene());
      await eventually(() => inspected() > 0, "a picture looked at", 30_000);
      upload("20260911_120001.jpg", await scene(SOMEBODY));
      await events.waitFor(({ topic }) => topic === "vigil/home/security_events", 60_000);
      assert.deepEqual(
        editor.faults.filter((fault) => !/vigil\/sites\//.test(fault)),
        [],
      );
    });
  });
}
