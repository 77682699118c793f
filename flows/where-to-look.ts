/** What `npm start` prints once everything runs: where to look, and what to try. */
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { resolveBroker } from "../lib/mqtt/broker.ts";
import { DATABASE_FILE } from "../lib/store/store.ts";
import type { EmbeddedBroker } from "./broker.ts";
import type { Environment } from "./environment.ts";

const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const ANY_ADDRESS: readonly string[] = ["0.0.0.0", "::"];

export interface Running {
  readonly environment: Environment;
  /** Null where another broker was named. */
  readonly broker: EmbeddedBroker | null;
  readonly userDir: string;
  /** False where the user directory had a flow already. */
  readonly flowCopied: boolean;
}

/** Some lines for a terminal, without passwords. */
export function whereToLook({ environment, broker, userDir, flowCopied }: Running): string {
  const { PORT, VIGIL_HOST, VIGIL_CAMERAS_DIR, VIGIL_DATA_DIR, VIGIL_MQTT_URL, VIGIL_DEMO_CAMERA } = environment;
  const exposed = LOOPBACK.includes(VIGIL_HOST) ? "" : "  (no password: whoever reaches it can run programs here)";
  const kept = flowCopied ? "" : "  (kept from before; delete it to get the original back)";
  const mqtt = broker
    ? `mosquitto_sub -h ${broker.host} -p ${broker.port} -t 'vigil/#' -v`
    : `${resolveBroker({ url: VIGIL_MQTT_URL }).name}  (topics vigil/#)`;
  return `
Vigil is running; Ctrl-C ends it.
  Editor    ${editorUrl(VIGIL_HOST, PORT)}${exposed}
  Flow      ${join(userDir, "flows.json")}${kept}
  Cameras   ${VIGIL_CAMERAS_DIR}  (the simulated camera is ${VIGIL_DEMO_CAMERA})
            put a JPEG into a folder there, such as front-door, then another with something new in it
  MQTT      ${mqtt}
  Database  ${join(VIGIL_DATA_DIR, DATABASE_FILE)}

`;
}

/** Where a browser on this machine finds the editor. */
function editorUrl(host: string, port: number): string {
  if (ANY_ADDRESS.includes(host)) return `http://127.0.0.1:${port}`;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
