/** A house with cameras: a broker, Vigil in a Node-RED of its own, the servers that it asks, and Home Assistant. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { drawScene } from "../../../flows/demo-scene.ts";
import { prepareUserDir } from "../../../flows/user-dir.ts";
import { type DetectorServer, startDetectorServer } from "../../support/detector-server.ts";
import { type LlmServer, startLlmServer } from "../../support/llm-server.ts";
import { type Broker, startBroker } from "../../support/mosquitto.ts";
import { type NodeRed, startNodeRed } from "../../support/node-red.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { HomeAssistant } from "./home-assistant.ts";
import { addMqtt } from "./onboarding.ts";
import type { Version } from "./versions.ts";

export const SITE = "home";
/** Of the model, on every picture; its level is by the site's bands. */
export const VERDICT = {
  reasoning: "One person by day at the front door.",
  entities: [{ type: "visitor", description: "An adult with a parcel.", threat_level: "low" }],
  flags: [{ type: "lingering", description: "Stays after nobody opened.", severity: "warning" }],
  summary: "A person stands at the front door.",
  // High also once somebody has called one a false alarm, which costs the next ones 10 points.
  risk_score: 80,
  risk_level: "high",
  confidence: 0.7,
  recommended_action: "Look at the picture.",
};
/** All alert, however soon one comes after the other. */
const RULE = { name: "High risk", events: "all", minScore: 60, cooldown: 0 };

const { risk_level: _ours, ...ANSWER } = VERDICT;

/** What a detector makes of the walker in the demo's scene, who has come so far. */
function personAt(progress: number) {
  return { class: "person", confidence: 0.87, bbox: { x: progress * 640 - 22, y: 176, width: 44, height: 144 } };
}

export class House {
  readonly homeAssistant: HomeAssistant;
  readonly broker: Broker;
  readonly detector: DetectorServer;
  readonly llm: LlmServer;
  readonly #folder = tempFolder();
  #nodeRed: NodeRed | null = null;
  #uploads = 0;

  private constructor(homeAssistant: HomeAssistant, broker: Broker, detector: DetectorServer, llm: LlmServer) {
    this.homeAssistant = homeAssistant;
    this.broker = broker;
    this.detector = detector;
    this.llm = llm;
  }

  /** Resolves when all of it runs. */
  static async start(version: Version): Promise<House> {
    const broker = await startBroker();
    if (broker.kind !== "mosquitto") throw new Error("Mosquitto is not installed: apt-get install mosquitto");
    const homeAssistant = await HomeAssistant.start(version);
    const house = new House(homeAssistant, broker, await startDetectorServer(), await startLlmServer());
    house.llm.answer(ANSWER);
    await addMqtt(homeAssistant.url, homeAssistant.token, broker.port);
    await house.startNodeRed();
    return house;
  }

  /** A picture of a person, who walks on from each to the next, uploaded by the camera of that folder. */
  async upload(camera: string): Promise<void> {
    this.#uploads += 1;
    const progress = 0.1 + ((0.3 * this.#uploads) % 0.8);
    this.detector.answer([personAt(progress)]);
    const folder = join(this.#folder, "cameras", camera);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${this.#uploads}.jpg`);
    writeFileSync(`${file}.part`, await drawScene({ visitor: "walker", progress }));
    renameSync(`${file}.part`, file);
  }

  /** How many uploads were skipped. */
  skipped(): number {
    const db = new Database(join(this.#folder, "data", "vigil.db"), { readonly: true });
    try {
      return db.prepare<[], number>("SELECT count(*) FROM uploads WHERE state = 'skipped'").pluck().get() ?? 0;
    } finally {
      db.close();
    }
  }

  async startNodeRed(): Promise<void> {
    const userDir = join(this.#folder, "node-red");
    mkdirSync(userDir, { recursive: true });
    writeFileSync(join(userDir, "flows.json"), JSON.stringify(this.#flow()));
    prepareUserDir(userDir);
    this.#nodeRed = await startNodeRed("node-red", userDir);
  }

  /** As a user ends it. */
  async stopNodeRed(): Promise<void> {
    await this.#nodeRed?.stop();
    this.#nodeRed = null;
  }

  /** As a power cut does. */
  async killNodeRed(): Promise<void> {
    await this.#nodeRed?.kill();
    this.#nodeRed = null;
  }

  async close(): Promise<void> {
    await this.killNodeRed();
    await this.homeAssistant.kill();
    await Promise.all([this.broker.stop(), this.detector.close(), this.llm.close()]);
  }

  #flow() {
    const onTab = { z: "tab", x: 0, y: 0, site: "site" };
    const folder = join(this.#folder, "cameras");
    mkdirSync(folder, { recursive: true });
    return [
      { id: "tab", type: "tab", label: "Vigil" },
      {
        id: "site",
        type: "vigil-site",
        site: SITE,
        dataDir: join(this.#folder, "data"),
        mqttUrl: this.broker.url,
        timeZone: "UTC",
      },
      { ...onTab, id: "watch", type: "foscam-watch", folder, wires: [["dedupe"], [], []] },
      { ...onTab, id: "dedupe", type: "dedupe", wires: [["detect"], [], []] },
      { ...onTab, id: "detect", type: "detect", url: this.detector.url, wires: [["batch"], [], []] },
      { ...onTab, id: "batch", type: "batch-window", idle: "0", wires: [["analyze"], []] },
      { ...onTab, id: "analyze", type: "nemotron-analyze", url: this.llm.url, wires: [["alert"], []] },
      { ...onTab, id: "alert", type: "risk-alert", rules: [RULE], wires: [[], [], []] },
    ];
  }
}
