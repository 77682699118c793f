import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { runDemoCamera } from "../../flows/demo-camera.ts";
import { eventually } from "../support/eventually.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("the simulated camera", () => {
  const stop = new AbortController();
  after(() => {
    stop.abort();
    removeTempFolders();
  });

  it("uploads pictures, keeps its last 200 files and leaves others alone, until it is stopped", async () => {
    const camerasDir = tempFolder();
    const folder = join(camerasDir, "demo-camera/snap");
    mkdirSync(folder, { recursive: true });
    const old = Array.from({ length: 210 }, (_, n) => `MDAlarm_20260101-${String(100_000 + n)}.jpg`);
    for (const name of [...old, "mine.jpg"]) writeFileSync(join(folder, name), "");

    const warnings: string[] = [];
    const ended = runDemoCamera({ camerasDir, logger: { warn: (text) => warnings.push(text) }, signal: stop.signal });
    await eventually(() => readdirSync(folder).length === 201, "the first picture's end");
    stop.abort();
    await ended;

    const names = readdirSync(folder).sort();
    assert.ok(names.includes("mine.jpg"));
    const [newest = ""] = names.filter((name) => name.startsWith("MDAlarm_")).slice(-1);
    assert.match(newest, /^MDAlarm_\d{8}-\d{6}\.jpg$/);
    assert.ok(newest > (old.at(-1) ?? ""));
    const { format, width, height } = await sharp(readFileSync(join(folder, newest))).metadata();
    assert.deepEqual({ format, width, height }, { format: "jpeg", width: 640, height: 360 });
    assert.deepEqual(warnings, []);
  });

  it("warns where it cannot write", async () => {
    const camerasDir = tempFolder();
    writeFileSync(join(camerasDir, "demo-camera"), "a file in the way");
    const stopped = new AbortController();
    const warnings: string[] = [];
    const warn = (text: string) => {
      warnings.push(text);
      stopped.abort();
    };
    await runDemoCamera({ camerasDir, logger: { warn }, signal: stopped.signal });
    assert.match(warnings.join("\n"), /^The simulated camera cannot upload: .*demo-camera/);
  });
});
