/**
 * What `npm start` reads from the environment, each variable with its default; one that is set to nothing counts as not
 * set. Relative paths start from the current folder.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { resolveBroker } from "../lib/mqtt/broker.ts";
import { asError, ConfigError } from "../lib/resilience/errors.ts";
import { SiteConfig } from "../lib/site/config.ts";

const folder = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((path) => resolve(path));

function seconds(fallback: number) {
  const rule = "must be a number of seconds from 0 to 3600";
  return z.coerce.number(rule).min(0, rule).max(3600, rule).default(fallback);
}

function port(fallback: number) {
  const rule = "must be a port number from 0 to 65535; 0 takes any that is free";
  return z.coerce.number(rule).int(rule).min(0, rule).max(65_535, rule).default(fallback);
}

const serverUrl = z
  .url({ protocol: /^https?$/, error: "must be an http:// or https:// URL, such as http://192.168.1.10:8095" })
  .or(z.literal(""))
  .default("");

const brokerUrl = z
  .string()
  .superRefine((url, context) => {
    try {
      resolveBroker({ url });
    } catch (error) {
      context.addIssue({ code: "custom", message: asError(error).message });
    }
  })
  .default("");

const Environment = z.object({
  /** Where the editor listens. */
  PORT: port(1880),
  /** The address it listens on; 0.0.0.0 lets other machines in. The editor has no password. */
  VIGIL_HOST: z.string().default("127.0.0.1"),
  /** The site's name in MQTT topics and in Home Assistant. */
  VIGIL_SITE: SiteConfig.shape.site,
  /** Where cameras upload to: one folder each. */
  VIGIL_CAMERAS_DIR: folder("./data/cameras"),
  /** Where the database and the thumbnails are. */
  VIGIL_DATA_DIR: folder("./data/vigil"),
  /** An MQTT broker; without one, an embedded broker is started. */
  VIGIL_MQTT_URL: brokerUrl,
  /** A YOLO26 or RT-DETRv2 server; without one, the built-in motion detector looks. */
  VIGIL_DETECTOR_URL: serverUrl,
  /** A llama.cpp server; without one, rules estimate the risk. */
  VIGIL_LLM_URL: serverUrl,
  /** Shorter than the nodes' own defaults (90 and 30), so that an event follows its pictures within seconds. */
  VIGIL_BATCH_WINDOW_SECONDS: seconds(20),
  VIGIL_BATCH_IDLE_SECONDS: seconds(5),
  /** Whether the simulated camera runs. */
  VIGIL_DEMO_CAMERA: z.enum(["on", "off"], "must be on or off").default("on"),
});
export type Environment = z.infer<typeof Environment>;

/** Their values stay out of messages, because they can hold passwords. */
const SECRETS: ReadonlySet<PropertyKey> = new Set(["VIGIL_MQTT_URL", "VIGIL_DETECTOR_URL", "VIGIL_LLM_URL"]);

/** Throws a ConfigError `ENVIRONMENT` that names every variable that is wrong. */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const environment = Environment.safeParse(set);
  if (environment.success) return environment.data;
  const problems = environment.error.issues.map(({ path: [name = ""], message }) =>
    SECRETS.has(name) ? `${String(name)}: ${message}` : `${String(name)} is "${set[String(name)]}": ${message}`,
  );
  throw new ConfigError("ENVIRONMENT", problems.join(". "));
}

/** Sets every variable, because Node-RED leaves a `${NAME}` in a flow as it stands where NAME is not set. */
export function writeEnvironment(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) process.env[name] = String(value);
}
