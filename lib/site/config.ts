/** The configuration of a site, as its form hands it in. */
import { z } from "zod";
import { CameraId, PURPOSE_LENGTH } from "../domain/camera.ts";
import { DEFAULT_RISK_BANDS } from "../domain/risk.ts";
import { Flag, number, wholeNumber } from "./form-fields.ts";

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** An IANA time zone; empty means that of this machine. */
const TimeZone = z
  .string()
  .trim()
  .refine((name) => name === "" || isTimeZone(name), "is not a time zone; use a name such as Europe/Berlin")
  .transform((name) => name || Intl.DateTimeFormat().resolvedOptions().timeZone);

/** Levels of an MQTT topic without wildcards or empty levels. */
const TopicPrefix = z
  .string()
  .trim()
  .regex(/^[^+#/\s\0]+(\/[^+#/\s\0]+)*$/, "is not a topic prefix; use words joined by /, without + and #");

const CameraConfig = z.object({
  id: CameraId,
  /** The folder below a watched root that is this camera's; empty where the folder's own name gives the id. */
  folder: z.string().default(""),
  name: z.string().trim().default(""),
  timeZone: z.string().trim().default(""),
  /** What it watches, and what is usual there, for the model that judges. */
  purpose: z.string().trim().max(PURPOSE_LENGTH).default(""),
});

export const SiteConfig = z
  .object({
    site: z
      .string()
      .trim()
      // No underscore: it joins the site and the camera in Home Assistant's ids.
      .regex(/^[a-z0-9-]{1,32}$/, "must be 1 to 32 of a-z, 0-9 and -")
      .default("home"),
    /** Empty: the store is in memory. A relative path is below the Node-RED user directory. */
    dataDir: z.string().trim().default("vigil"),
    timeZone: TimeZone.default(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
    cameras: z.array(CameraConfig).default([]),
    /** Hours without an upload after which a camera counts as offline; 0: never. */
    silentAfter: number(24, { min: 0, max: 8760 }),
    lowMax: wholeNumber(DEFAULT_RISK_BANDS.lowMax, { min: 0, max: 99 }),
    mediumMax: wholeNumber(DEFAULT_RISK_BANDS.mediumMax, { min: 0, max: 99 }),
    highMax: wholeNumber(DEFAULT_RISK_BANDS.highMax, { min: 0, max: 99 }),
    /** Percent of a week's events that may be high or critical; outside of that, the hub has a problem. */
    alarmingMin: number(0, { min: 0, max: 100 }),
    alarmingMax: number(15, { min: 0, max: 100 }),
    /** Empty: nothing is published. */
    mqttUrl: z.string().trim().default(""),
    /** PEM file of the authority that signed the broker's certificate; empty means the usual ones. */
    mqttCaFile: z.string().trim().default(""),
    mqttVerify: Flag.default(true),
    topicPrefix: TopicPrefix.default("vigil"),
    discoveryPrefix: TopicPrefix.default("homeassistant"),
    /** Id of a `vigil-home-assistant`; empty where there is none. */
    homeAssistant: z.string().default(""),
    mqttUser: z.string().default(""),
    mqttPassword: z.string().default(""),
  })
  .refine((config) => config.lowMax < config.mediumMax && config.mediumMax < config.highMax, {
    path: ["lowMax"],
    message: "the upper ends of low, medium and high must rise in this order",
  })
  .refine(({ alarmingMin, alarmingMax }) => alarmingMin <= alarmingMax, {
    path: ["alarmingMin"],
    message: "must not be above the upper end of what is expected",
  })
  .superRefine((config, context) => {
    for (const [index, camera] of config.cameras.entries()) {
      const issue = (key: string, message: string) =>
        context.addIssue({ code: "custom", path: ["cameras", index, key], message });
      const before = config.cameras.slice(0, index);
      if (before.some(({ id }) => id === camera.id)) issue("id", "another camera has this id");
      if (camera.folder !== "" && before.some(({ folder }) => folder === camera.folder)) {
        issue("folder", "another camera has this folder");
      }
      if (camera.timeZone !== "" && !isTimeZone(camera.timeZone)) issue("timeZone", "is not a time zone");
    }
  });
export type SiteConfig = z.infer<typeof SiteConfig>;
