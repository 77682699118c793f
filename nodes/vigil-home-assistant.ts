/** `vigil-home-assistant`: the connection to one Home Assistant, for the sites that name it. */
import type { NodeAPI, NodeDef } from "node-red";
import { z } from "zod";
import { resolveHomeAssistant } from "../lib/homeassistant/address.ts";
import { HomeAssistant } from "../lib/homeassistant/home-assistant.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { asError } from "../lib/resilience/errors.ts";
import { EntityList, Flag } from "../lib/site/form-fields.ts";
import { homeAssistantTrial } from "../lib/site/trials.ts";
import type { HomeAssistantCredentials, HomeAssistantNode } from "./home-assistant-node.ts";
import { configError, nodeLogger } from "./node-glue.ts";
import { NodeStatus, type StatusView } from "./node-status.ts";
import { serveTrial } from "./trial-admin.ts";

export const HomeAssistantConfig = z.object({
  /** Empty: the supervisor's, inside the add-on. */
  url: z.string().trim().default(""),
  verify: Flag.default(true),
  /** What the model is told of besides people, alarm panels, sun and weather. */
  entities: EntityList.default([]),
  /** What a tap on a notification opens. */
  dashboard: z
    .string()
    .trim()
    .max(100)
    .regex(/^\/\S*$/, "is not a path in Home Assistant, such as /lovelace")
    .default("/lovelace"),
  token: z.string().trim().default(""),
});
type HomeAssistantConfig = z.infer<typeof HomeAssistantConfig>;

const STATUS = {
  connecting: { fill: "yellow", shape: "ring", key: "connecting" },
  connected: { fill: "green", shape: "dot", key: "connected" },
  unreachable: { fill: "red", shape: "ring", key: "unreachable" },
  refused: { fill: "red", shape: "ring", key: "tokenRefused" },
} as const satisfies Record<string, StatusView>;
const UNSET: StatusView = { fill: "grey", shape: "ring", key: "noAddress" };

export default function vigilHomeAssistant(RED: NodeAPI): void {
  function VigilHomeAssistant(this: HomeAssistantNode, definition: NodeDef) {
    RED.nodes.createNode(this, definition);
    const status = new NodeStatus(RED, this);
    try {
      this.homeAssistant = open(this, definition);
    } catch (error) {
      status.show({ fill: "red", shape: "ring", key: "refusing" });
      this.error(asError(error).message);
      return;
    }
    const { homeAssistant } = this;
    if (homeAssistant === null) {
      status.show(UNSET);
      this.log("Outside the Home Assistant add-on, the URL must be given; until then nothing is connected");
      return;
    }
    status.show(STATUS[homeAssistant.state]);
    homeAssistant.onState((state) => status.show(STATUS[state]));
    this.on("close", (_removed: boolean, done: () => void) => {
      status.close();
      void homeAssistant.close().finally(done);
    });
  }
  serveTrial(RED, {
    type: "vigil-home-assistant",
    config: HomeAssistantConfig,
    trial: (config) => homeAssistantTrial(resolve(config), config.verify),
  });
  RED.nodes.registerType<HomeAssistantNode, NodeDef, object, HomeAssistantCredentials>(
    "vigil-home-assistant",
    VigilHomeAssistant,
    { credentials: { token: { type: "password" } } },
  );
}

function open(node: HomeAssistantNode, definition: NodeDef): HomeAssistant | null {
  const config = HomeAssistantConfig.safeParse({ ...definition, ...node.credentials });
  if (!config.success) throw configError(config.error);
  const address = resolve(config.data);
  return address && new HomeAssistant({ ...config.data, ...address, clock: systemClock, logger: nodeLogger(node) });
}

function resolve(config: HomeAssistantConfig) {
  return resolveHomeAssistant({ ...config, supervisorToken: process.env.SUPERVISOR_TOKEN });
}
