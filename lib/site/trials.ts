/** Trying out what a form names before it is deployed: one question to each kind of server, and what it answered. */
import sharp from "sharp";
import { LLAMA_DEFAULTS } from "../analyze/llama-client.ts";
import { LlamaConnection } from "../analyze/llama-connection.ts";
import { askAccess, askFacts } from "../analyze/llama-facts.ts";
import type { Services } from "../context/services/open.ts";
import type { Detector } from "../detect/detector.ts";
import type { HomeAssistantAddress } from "../homeassistant/address.ts";
import { openSocket } from "../homeassistant/socket.ts";
import { tryBroker } from "../mqtt/try-broker.ts";
import { systemClock } from "../resilience/clock.ts";
import { ConfigError } from "../resilience/errors.ts";
import { brokerSettings } from "./broker-settings.ts";
import type { SiteConfig } from "./config.ts";
import type { ModelConfig } from "./connect-model.ts";

/** Sentences of the editor's catalogue, by their keys below `trial`. */
export const TRIAL_ANSWERS = [
  "detector",
  "aiService",
  "llamaCpp",
  "modelServer",
  "context",
  "slots",
  "vision",
  "noVision",
  "broker",
  "homeAssistant",
] as const;

/** One of them, and what to put into it. */
export interface TrialAnswer {
  readonly key: (typeof TRIAL_ANSWERS)[number];
  readonly values?: Readonly<Record<string, string | number>>;
}

/** Each throws what went wrong, as when it is used. */
export type Trial = (signal: AbortSignal) => Promise<readonly TrialAnswer[]>;

const FRAME = { width: 640, height: 480 };

/** Has a detector look at a grey picture; closes it. */
export function detectorTrial(detector: Detector): Trial {
  return async (signal) => {
    try {
      const grey = { create: { ...FRAME, channels: 3, background: "#808080" } } as const;
      const bytes = await sharp(grey).jpeg().toBuffer();
      const ms = await time(() =>
        detector.detect({ bytes, frame: FRAME, fileName: "trial.jpg", cameraId: "trial" }, signal),
      );
      return [{ key: "detector", values: { ms } }];
    } finally {
      await detector.close();
    }
  };
}

/** Asks each AI service about a grey picture; closes them. */
export function servicesTrial(services: Services): Trial {
  return async (signal) => {
    const all = Object.values(services);
    try {
      if (all.length === 0) throw new ConfigError("AI_URL", "No AI service has an address yet");
      return await Promise.all(
        all.map(async (service): Promise<TrialAnswer> => {
          const ms = await time(() => service.probe(signal));
          return { key: "aiService", values: { server: service.name, ms } };
        }),
      );
    } finally {
      await Promise.all(all.map((service) => service.close()));
    }
  };
}

/** Asks a model's server what it is, and whether it lets us in. The model itself writes nothing. */
export function modelTrial({ url, model, apiKey }: ModelConfig): Trial {
  return async (signal) => {
    const connection = new LlamaConnection({ ...LLAMA_DEFAULTS, url, apiKey: apiKey || null });
    try {
      const ms = await time(() => askAccess(connection, signal));
      const { isLlamaCpp, contextSize, slots, vision } = await askFacts(connection, model || null, signal);
      const answers: TrialAnswer[] = [{ key: isLlamaCpp ? "llamaCpp" : "modelServer", values: { ms } }];
      if (contextSize !== null) answers.push({ key: "context", values: { count: contextSize } });
      if (slots !== null) answers.push({ key: "slots", values: { count: slots } });
      if (vision !== null) answers.push({ key: vision ? "vision" : "noVision" });
      return answers;
    } finally {
      await connection.close();
    }
  };
}

/** Connects to a site's broker. */
export function brokerTrial(config: SiteConfig): Trial {
  return async () => [{ key: "broker", values: { ms: await time(() => tryBroker(brokerSettings(config))) } }];
}

/** Logs in to Home Assistant; null stands for no address. */
export function homeAssistantTrial(address: HomeAssistantAddress | null, verify: boolean): Trial {
  return async (signal) => {
    if (address === null) throw new ConfigError("HA_URL", "Outside the Home Assistant add-on, the URL must be given");
    const leave = new AbortController();
    try {
      const options = { ...address, verify, clock: systemClock };
      const { haVersion } = await openSocket(options, AbortSignal.any([signal, leave.signal]));
      return [{ key: "homeAssistant", values: { version: haVersion } }];
    } finally {
      leave.abort();
    }
  };
}

/** How long something took, in whole milliseconds. */
async function time(work: () => Promise<unknown>): Promise<number> {
  const began = systemClock.monotonic();
  await work();
  return Math.round(systemClock.monotonic() - began);
}
