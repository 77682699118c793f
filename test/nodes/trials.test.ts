/** What the forms' buttons ask of a real Node-RED: to try a connection before it is deployed. */
import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { z } from "zod";
import { startAiServer } from "../support/ai-server.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { freePort } from "../support/free-port.ts";
import { type HomeAssistantServer, startHomeAssistantServer, TOKEN } from "../support/home-assistant-server.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const Outcome = z.union([
  z.object({ answers: z.array(z.object({ key: z.string(), values: z.record(z.string(), z.unknown()).optional() })) }),
  z.object({ error: z.string() }),
]);

describe("trying a connection", function () {
  this.timeout(60_000);
  let nodeRed: NodeRed;
  let detector: DetectorServer;
  let llm: LlmServer;
  let broker: Broker;
  let homeAssistant: HomeAssistantServer;
  let nowhere: string;

  before(async () => {
    [detector, llm, broker, homeAssistant] = await Promise.all([
      startDetectorServer(),
      startLlmServer({ apiKey: "a-key", contextSize: 4096, sees: true }),
      startBroker({ username: "vigil", password: "secret" }),
      startHomeAssistantServer(),
    ]);
    nowhere = `127.0.0.1:${await freePort()}`;
    nodeRed = await startNodeRed("node-red", vigilUserDir());
  });
  after(async () => {
    await nodeRed?.stop();
    await Promise.all([detector?.close(), llm?.close(), broker?.stop(), homeAssistant?.close()]);
    removeTempFolders();
  });

  async function trial(type: string, values: object, id = "new") {
    const response = await fetch(`${nodeRed.url}vigil/trials/${type}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, values }),
    });
    return Outcome.parse(await response.json());
  }
  const keys = (outcome: z.infer<typeof Outcome>) =>
    "error" in outcome ? outcome.error : outcome.answers.map(({ key }) => key);
  const errorOf = (outcome: z.infer<typeof Outcome>) => ("error" in outcome ? outcome.error : "no error");

  it("has a detector look at a picture", async () => {
    for (const api of ["yolo", "deepstack"])
      deepEqual(keys(await trial("detect", { url: detector.url, api })), ["detector"]);
    equal(detector.requests.length, 2);
    match(errorOf(await trial("detect", { url: `http://${nowhere}` })), /No connection to .*ECONNREFUSED/);
    match(errorOf(await trial("detect", { url: homeAssistant.url })), /404/);
  });

  it("asks a model's server what it is, with the key of the form", async () => {
    const outcome = await trial("nemotron-analyze", { url: llm.url, apiKey: "a-key" });
    deepEqual(keys(outcome), ["llamaCpp", "context", "slots", "vision"]);
    match(errorOf(await trial("nemotron-analyze", { url: llm.url, apiKey: "wrong" })), /401|key/i);
    match(errorOf(await trial("nemotron-analyze", { url: `http://${nowhere}` })), /cannot be reached/);
    equal(llm.requests.length, 0);
  });

  it("asks each AI service about a picture", async () => {
    const roles = ["plates", "enrichment", "florence", "clip"] as const;
    const servers = await Promise.all(roles.map((role) => startAiServer(role)));
    try {
      const urls = Object.fromEntries(roles.map((role, n) => [`${role}Url`, servers[n]?.url]));
      deepEqual(keys(await trial("enrich", urls)), ["aiService", "aiService", "aiService", "aiService"]);
      deepEqual(
        servers.map(({ requests }) => requests.length),
        [1, 1, 1, 1],
      );
      match(
        errorOf(await trial("enrich", { ...urls, clipUrl: `http://${nowhere}` })),
        /No connection to .*ECONNREFUSED/,
      );
      match(errorOf(await trial("enrich", { florenceUrl: urls.clipUrl })), /answered 404/);
      servers[2]?.misbehave("html");
      match(errorOf(await trial("enrich", urls)), /Welcome to your new router/);
      match(errorOf(await trial("enrich", {})), /No AI service has an address yet/);
      match(errorOf(await trial("enrich", { clipUrl: "clip" })), /clipUrl.*http:/);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it("connects to a broker as the form says", async () => {
    const values = { mqttUrl: broker.url, mqttUser: "vigil", mqttPassword: "secret" };
    deepEqual(keys(await trial("vigil-site", values)), ["broker"]);
    match(
      errorOf(await trial("vigil-site", { ...values, mqttPassword: "wrong" })),
      /cannot be used: .*(not authorized|bad user)/i,
    );
    match(errorOf(await trial("vigil-site", { mqttUrl: `mqtt://${nowhere}` })), /cannot be used: .*ECONNREFUSED/);
    match(errorOf(await trial("vigil-site", { mqttUrl: llm.url.replace("http", "mqtt") })), /cannot be used/);
  });

  it("logs in to Home Assistant", async () => {
    const { url } = homeAssistant;
    deepEqual(keys(await trial("vigil-home-assistant", { url, token: TOKEN })), ["homeAssistant"]);
    match(errorOf(await trial("vigil-home-assistant", { url, token: "wrong" })), /refuses the access token/);
    match(errorOf(await trial("vigil-home-assistant", { url: "", token: "" })), /the URL must be given/);
  });

  it("uses the password that is kept, of which the editor knows only that there is one", async () => {
    const site = { id: "site", type: "vigil-site", site: "home", dataDir: "", mqttUrl: "", cameras: [] };
    await nodeRed.deploy([{ ...site, credentials: { mqttUser: "vigil", mqttPassword: "secret" } }]);
    const values = { mqttUrl: broker.url, mqttUser: "vigil", mqttPassword: "__PWRD__" };
    deepEqual(keys(await trial("vigil-site", values, "site")), ["broker"]);
    match(errorOf(await trial("vigil-site", values, "another")), /cannot be used|needs/);
  });

  it("says so where nobody answers", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = z.object({ port: z.number() }).parse(silent.address());
    equal(errorOf(await trial("detect", { url: `http://127.0.0.1:${port}` })), "No answer within 20 seconds");
    silent.close();
  });

  it("names the field that cannot be", async () => {
    match(errorOf(await trial("detect", { url: detector.url, timeout: "soon" })), /timeout/);
    match(errorOf(await trial("vigil-site", { mqttUrl: "http://broker" })), /mqtt:\/\//);
  });
});
