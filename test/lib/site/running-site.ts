/** A site with a clock that a test moves, and pipeline nodes on it, as Node-RED would run them. */
import { setImmediate as turn } from "node:timers/promises";
import type { z } from "zod";
import { EventRecord } from "../../../lib/domain/event.ts";
import type { FlowMessage } from "../../../lib/domain/message.ts";
import { riskLevel } from "../../../lib/domain/risk.ts";
import { toIso } from "../../../lib/domain/time.ts";
import type { HomeAssistant } from "../../../lib/homeassistant/home-assistant.ts";
import type { Behaviour, Workspace } from "../../../lib/site/behaviour.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { PipelineNode } from "../../../lib/site/pipeline-node.ts";
import { Site } from "../../../lib/site/site.ts";
import type { Flows } from "../../../lib/store/nodes.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** A node, and what came of it. */
export interface Rig<R> {
  readonly node: PipelineNode<R, Behaviour<R>>;
  /** Messages by the first output. */
  readonly sent: FlowMessage[];
  /** By the last output, answers to commands. */
  readonly answers: FlowMessage[];
  readonly warnings: string[];
  /** How each message that was put in ended. */
  readonly ended: (Error | undefined)[];
  /** Puts a message in, and lets what comes of it at once come. */
  put(message: FlowMessage): Promise<void>;
}

const OUTPUTS = 3;

export class RunningSite {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly site: Site;
  /** What the site has warned of. */
  readonly warnings: string[] = [];
  /** Ids and types of the nodes in the flows. */
  readonly flows = new Map<string, string>();
  #judged = 0;
  readonly #nodes: { close(): Promise<void> }[] = [];

  /** Of another one, which has been closed: goes on with its store, at the time that its clock showed. */
  constructor(
    before?: RunningSite,
    settings: z.input<typeof SiteConfig> = {},
    homeAssistant: HomeAssistant | null = null,
  ) {
    this.folder = before?.folder ?? tempFolder();
    this.clock = new FakeClock(before?.clock.now());
    const warn = (text: string) => this.warnings.push(text);
    const logger = { debug: () => {}, info: () => {}, warn, error: () => {} };
    const config = SiteConfig.parse(settings);
    const { folder: dataDir, clock } = this;
    this.site = new Site({ config, dataDir, homeAssistant, clock, logger, onMqttState: () => {} });
  }

  /** Starts a node, which gets its place in the flows unless it has one. */
  start<R>(id: string, type: string, open: (workspace: Workspace) => Behaviour<R>): Rig<R> {
    this.flows.set(id, type);
    const sent: FlowMessage[] = [];
    const answers: FlowMessage[] = [];
    const warnings: string[] = [];
    const ended: (Error | undefined)[] = [];
    const host = {
      id,
      type,
      outputs: OUTPUTS,
      flows: (): Flows => ({
        has: (nodeId) => this.flows.has(nodeId),
        ofType: (wanted) => [...this.flows].filter(([, each]) => each === wanted).map(([nodeId]) => nodeId),
      }),
      leadsOn: () => true,
      send: (messages: readonly { port: number; message: FlowMessage }[]) => {
        for (const { port, message } of messages) {
          if (port === 0) sent.push(message);
          if (port === OUTPUTS - 1) answers.push(message);
        }
      },
      debug: () => {},
      warn: (text: string) => warnings.push(text),
      error: (error: Error) => ended.push(error),
      onChange: () => {},
    };
    const node = new PipelineNode<R, Behaviour<R>>(this.site, host, open);
    this.#nodes.push(node);
    node.flowsStarted();
    const put = async (message: FlowMessage) => {
      node.input(message, (error) => ended.push(error));
      await settle();
    };
    return { node, sent, answers, warnings, ended, put };
  }

  /** Stores an event of the porch's, that a model has judged just now. */
  judge(risk_score: number, changes: Partial<EventRecord> = {}): EventRecord {
    const now = toIso(this.clock.now());
    this.#judged += 1;
    const event = EventRecord.parse({
      event_id: `ev_${this.#judged}`,
      batch_id: `ba_${this.#judged}`,
      camera_id: "porch",
      camera_name: "Porch",
      started_at: now,
      ended_at: now,
      revision: 1,
      final: true,
      risk_score,
      risk_level: riskLevel(risk_score, this.site.bands),
      analysis: "model",
      summary: "A person.",
      reasoning: "",
      recommended_action: null,
      labels: ["person"],
      detection_count: 1,
      fast_path: false,
      thumbnail_path: null,
      model: null,
      prompt_version: null,
      reviewed: false,
      created_at: now,
      ...changes,
    });
    this.site.store.transaction((tables) => {
      tables.batches.adoptOf({ ...event, detections: [] }, this.clock.now());
      tables.events.adopt(event);
    });
    return event;
  }

  /** Lets time pass a second at a time, so that what comes of a timer happens at its time. */
  async pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed++) {
      this.clock.advance(1_000);
      await settle();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
    await this.site.close();
  }
}

/** Lets what needs no file, no server and no timer come to its end. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn();
}
