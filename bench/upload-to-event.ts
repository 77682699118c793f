/**
 * From the last byte of an upload to the event at an MQTT subscriber: the whole product in a process of its own, a real
 * broker, AI servers that answer at once, and an idle window of 0.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { startBroker } from "../test/support/mosquitto.ts";
import { scene } from "../test/support/pictures.ts";
import { type Benchmark, below, type Figure, quantile } from "./figure.ts";
import { startInstantServers } from "./instant-servers.ts";
import { upload } from "./upload.ts";

const WARM_UP = 20;
const UPLOADS = 300;
const START_MS = 60_000;
const EVENT_MS = 10_000;
const GOAL_P99_MS = 150;

export const uploadToEvent: Benchmark = {
  name: "upload-to-event",
  async run(): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    const cameras = join(folder, "cameras");
    const broker = await startBroker();
    const subscriber = await connectAsync(broker.url);
    const instant = await startInstantServers();
    const vigil = spawn(process.execPath, [join(import.meta.dirname, "../flows/start.ts")], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        PORT: "0",
        VIGIL_MQTT_URL: broker.url,
        VIGIL_CAMERAS_DIR: cameras,
        VIGIL_DETECTOR_URL: instant.url,
        VIGIL_LLM_URL: instant.url,
        VIGIL_BATCH_IDLE_SECONDS: "0",
        VIGIL_DEMO_CAMERA: "off",
      },
    });
    try {
      await subscriber.subscribeAsync("vigil/+/availability");
      await nextMessage(subscriber, START_MS);
      await subscriber.unsubscribeAsync("vigil/+/availability");
      await subscriber.subscribeAsync("vigil/+/security_events");
      mkdirSync(join(cameras, "front-door", "snap"), { recursive: true });
      const latencies: number[] = [];
      for (let n = 0; n < WARM_UP + UPLOADS; n++) {
        const bytes = await scene({ x: 200, y: 100, width: 80, height: 160 }, { width: 1920, height: 1080, seed: n });
        const event = nextMessage(subscriber, EVENT_MS);
        const written = await upload(join(cameras, "front-door", "snap", `picture-${n}.jpg`), bytes);
        await event;
        latencies.push(performance.now() - written);
      }
      const measured = latencies.slice(WARM_UP);
      const detail = `${UPLOADS} stills of 1920x1080 in three writes, one at a time`;
      return [
        { name: "upload-to-event median", value: quantile(measured, 0.5), unit: "ms", goal: null, ok: null, detail },
        below(GOAL_P99_MS, { name: "upload-to-event p99", value: quantile(measured, 0.99), unit: "ms", detail }),
      ];
    } finally {
      vigil.kill("SIGTERM");
      if (vigil.exitCode === null) await once(vigil, "exit");
      await subscriber.endAsync();
      instant.close();
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function nextMessage(client: MqttClient, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no MQTT message within ${timeoutMs} ms`)), timeoutMs);
  client.once("message", () => resolve());
  await promise.finally(() => clearTimeout(timer));
}
