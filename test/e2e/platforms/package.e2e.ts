/** The package as users of other platforms get it: installed there, and from an upload to an event in their Node-RED. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { EventRecord } from "../../../lib/domain/event.ts";
import { assertLoaded, backUpScript, INSTALL, newUserDir, nodeSetsOf, pack } from "../../package/installing.ts";
import { eventually } from "../../support/eventually.ts";
import { readExample } from "../../support/examples.ts";
import { type LlmServer, startLlmServer } from "../../support/llm-server.ts";
import { type Broker, startBroker } from "../../support/mosquitto.ts";
import { type Command, type NodeRed, startNodeRed } from "../../support/node-red.ts";
import { scene } from "../../support/pictures.ts";
import { rowsIn } from "../../support/rows.ts";
import { type Subscriber, subscribe } from "../../support/subscriber.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { PLATFORMS } from "./platforms.ts";
import { NPM, provideNode } from "./provision.ts";

/** The first time, the machine gets the platform. */
const SETUP_MS = 300_000;
/** An emulated processor takes ten times as long as a real one. */
const PATIENCE_MS = 60_000;
const SOMEBODY = { x: 300, y: 120, width: 80, height: 160 };
const VERDICT = {
  reasoning: "Somebody by day.",
  entities: [],
  flags: [],
  summary: "Somebody stands in the yard.",
  risk_score: 64,
  confidence: 0.7,
  recommended_action: "Look at the picture.",
};

describe("the package", function () {
  this.timeout(PATIENCE_MS * 3);
  let tarball: string;
  before(async () => {
    tarball = await pack();
  });
  after(removeTempFolders);

  for (const platform of PLATFORMS) {
    describe(`on ${platform.name}`, () => {
      let node: Command;
      let userDir: string;
      let broker: Broker;
      let subscriber: Subscriber;
      let llm: LlmServer;
      let nodeRed: NodeRed;

      before(async function () {
        this.timeout(SETUP_MS);
        node = await provideNode(platform);
        userDir = newUserDir();
        await run(NPM, ...INSTALL, "--ignore-scripts", "--prefix", userDir, tarball);
        broker = await startBroker();
        subscriber = await subscribe(broker.url, "vigil/#");
        llm = await startLlmServer();
        llm.answer(VERDICT);
        nodeRed = await startNodeRed("node-red-4", userDir, {}, node);
      });
      after(async () => {
        await nodeRed?.kill();
        await subscriber?.close();
        await Promise.all([broker?.stop(), llm?.close()]);
      });

      /** A program of Node there; the answer is what it says. */
      const run = async (...args: string[]) => {
        const [command, ...before] = node;
        return (await promisify(execFile)(command, [...before, ...args])).stdout;
      };
      const drop = async (name: string, bytes: Buffer) => {
        const folder = join(userDir, "cameras/Yard");
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${name}.part`), bytes);
        renameSync(join(folder, `${name}.part`), join(folder, name));
      };
      const dataDir = () => join(userDir, "vigil");

      it("has its own build of sharp, which needs no WebAssembly", async () => {
        const script = `Object.keys(require(${JSON.stringify(join(userDir, "node_modules/sharp"))}).versions).join()`;
        const parts = (await run("-p", script)).split(",");
        assert.ok(parts.includes("vips") && !parts.includes("emscripten"), parts.join());
      });

      it("loads every node set", async () => assertLoaded(await nodeSetsOf(nodeRed)));

      it("makes an event of an upload", async () => {
        // By name, which the platform's C library looks up.
        const here = (url: string) => url.replace("127.0.0.1", "localhost");
        await nodeRed.deploy(
          readExample("1 Whole pipeline", {
            "vigil-site": { dataDir: dataDir(), mqttUrl: here(broker.url) },
            "foscam-watch": { folder: join(userDir, "cameras"), existing: true, stable: 0.2 },
            "batch-window": { idle: 0 },
            "nemotron-analyze": { url: here(llm.url) },
          }),
        );
        await drop("a.jpg", await scene());
        const inspections = () => rowsIn(dataDir(), "SELECT 1 FROM inspections").length;
        await eventually(() => inspections() === 1, "a look at the empty yard", PATIENCE_MS);
        await drop("b.jpg", await scene(SOMEBODY));

        const { payload } = await subscriber.waitFor(
          ({ topic }) => topic === "vigil/home/security_events",
          PATIENCE_MS,
        );
        const event = EventRecord.parse(JSON.parse(payload.toString()).data);
        assert.deepEqual(
          [event.camera_id, event.labels, event.analysis, event.risk_score, event.summary],
          ["yard", ["motion"], "model", VERDICT.risk_score, VERDICT.summary],
        );
        assert.deepEqual(rowsIn(dataDir(), "SELECT event_id FROM events"), [{ event_id: event.event_id }]);
        assert.ok(event.thumbnail_path && existsSync(event.thumbnail_path));
      });

      it("backs a store up, which a thread does", async () => {
        const copied = join(userDir, "other");
        await run(backUpScript(userDir), copied);
        assert.ok(existsSync(join(copied, "backup/vigil.db")));
      });

      it("ends in good order", async () => {
        await nodeRed.stop();
        assert.doesNotMatch(nodeRed.log(), /\[error\]|\[warn\] \[/);
      });
    });
  }
});
