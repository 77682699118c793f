/** `vigil-site`: what a site's nodes share, opened with the first of them and closed, with this one, after the last. */
import { resolve } from "node:path";
import type { NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../lib/resilience/clock.ts";
import { asError } from "../lib/resilience/errors.ts";
import { SiteConfig } from "../lib/site/config.ts";
import { SharedSite } from "../lib/site/shared-site.ts";
import { Site } from "../lib/site/site.ts";
import { brokerTrial } from "../lib/site/trials.ts";
import { findHomeAssistant } from "./home-assistant-node.ts";
import { configError, nodeLogger } from "./node-glue.ts";
import { serveSiteAdmin } from "./site-admin.ts";
import type { SiteCredentials, SiteNode } from "./site-node.ts";
import { serveTrial } from "./trial-admin.ts";

/** As core's MQTT nodes show it, to Status nodes that listen to this one. */
const MQTT_STATUS = {
  connecting: { fill: "yellow", shape: "ring", text: "node-red:common.status.connecting" },
  connected: { fill: "green", shape: "dot", text: "node-red:common.status.connected" },
  disconnected: { fill: "red", shape: "ring", text: "node-red:common.status.disconnected" },
} as const;

export default function vigilSite(RED: NodeAPI): void {
  function VigilSite(this: SiteNode, definition: NodeDef) {
    RED.nodes.createNode(this, definition);
    const config = SiteConfig.safeParse({ ...definition, ...this.credentials });
    if (!config.success) {
      this.shared = configError(config.error);
      this.error(this.shared.message);
      return;
    }
    const { dataDir } = config.data;
    const shared = new SharedSite(
      () =>
        new Site({
          config: config.data,
          dataDir: dataDir === "" ? null : resolve(String(RED.settings.userDir ?? process.cwd()), dataDir),
          homeAssistant: findHomeAssistant(RED, config.data.homeAssistant),
          clock: systemClock,
          logger: nodeLogger(this),
          onMqttState: (state) => this.status(MQTT_STATUS[state]),
        }),
    );
    this.shared = shared;
    this.on("close", (_removed: boolean, done: () => void) => {
      void shared
        .close()
        .catch((error) => this.error(asError(error).message))
        .finally(done);
    });
  }
  serveSiteAdmin(RED);
  serveTrial(RED, { type: "vigil-site", config: SiteConfig, trial: brokerTrial });
  RED.nodes.registerType<SiteNode, NodeDef, object, SiteCredentials>("vigil-site", VigilSite, {
    credentials: { mqttUser: { type: "text" }, mqttPassword: { type: "password" } },
  });
}
