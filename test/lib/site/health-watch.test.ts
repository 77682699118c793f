import { deepEqual, equal, match } from "node:assert/strict";
import { onlyHealth, type ServerHealth } from "../../../lib/domain/server-report.ts";
import type { SystemStatus } from "../../../lib/domain/system-status.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { ServerError } from "../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../lib/resilience/server-gate.ts";
import { HealthNews } from "../../../lib/site/health-news.ts";
import { ServerWatch } from "../../../lib/site/server-watch.ts";
import { systemStatus } from "../../../lib/site/system-status.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { spoil } from "../store/support.ts";
import { RunningSite, settle } from "./running-site.ts";

const HOUR_MS = 3_600_000;
const POLICY = { graceMs: 60_000, attempts: 2 };

describe("a site's health, watched", () => {
  let running: RunningSite;
  let owner: AbortController;
  let statuses: SystemStatus[];
  let news: Record<string, unknown>[];
  let healthNews: HealthNews;

  beforeEach(() => {
    running = new RunningSite();
    owner = new AbortController();
    statuses = [];
    news = [];
    running.site.bus.on("status", owner.signal, (status) => statuses.push(status));
    healthNews = new HealthNews({
      site: running.site,
      policy: POLICY,
      tell: (payload) => news.push({ ...payload }),
      onError: (error) => {
        throw error;
      },
    });
    healthNews.start();
  });
  afterEach(async () => {
    owner.abort();
    healthNews.close();
    await running.close();
  });
  after(removeTempFolders);

  /** Adds a server as a node would; the answer changes what it says of itself from now on; null: it never answers. */
  const use = (type: string, address: string, gate = new ServerGate(running.clock)) => {
    let health: ServerHealth | null = "ready";
    const look = async (signal: AbortSignal) => {
      if (health !== null) return onlyHealth(health);
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason));
      return promise;
    };
    running.site.servers.set(`${type} node`, { type, gate, server: { address, look } });
    return (next: ServerHealth | null) => {
      health = next;
    };
  };
  const told = (kind: string) => news.filter((each) => each.kind === kind);
  /** Lets the first look, which waits for the disk, come. */
  const started = () => eventually(() => statuses.length > 0, "the first status");

  it("is told every half minute, and what it says adds up", async () => {
    await started();
    const [{ timestamp, disk, ...status } = systemStatus(running.site)] = statuses;
    equal(timestamp, toIso(running.clock.now()));
    equal(typeof disk?.free_mib, "number");
    deepEqual(status, {
      site: "home",
      health: status.health,
      causes: status.causes,
      services: [],
      nodes: [],
      queue: { pending: 0, processing: 0, detect: 0, analyze: 0, dead: 0, open: 0 },
      cameras: { active: 0, total: 0, silent: [] },
      gpu: null,
      broker: null,
      home_assistant: null,
    });
    running.clock.advance(30_000);
    await eventually(() => statuses.length === 2, "the next status");
  });

  it("says when a camera falls silent and when it is back, in the log and to the flow", async () => {
    const { site, clock, warnings } = running;
    site.store.cameras.know("porch", toIso(clock.now()));
    await started();
    news.length = 0;
    clock.advance(25 * HOUR_MS);
    await eventually(() => told("camera").length === 1, "the news");
    site.store.cameras.hear("porch", toIso(clock.now()));
    site.bus.emit("worked");
    clock.advance(2_000);
    deepEqual(
      told("camera").map(({ camera_id, name, silent }) => [camera_id, name, silent]),
      [
        ["porch", "porch", true],
        ["porch", "porch", false],
      ],
    );
    deepEqual(
      told("health").map(({ health, before }) => [before, health]),
      [
        ["healthy", "degraded"],
        ["degraded", "healthy"],
      ],
    );
    equal(warnings.filter((text) => text === "Health: porch is silent").length, 1);
  });

  it("tells once of what is wrong, however its count grows", async () => {
    await started();
    news.length = 0;
    const node = running.start("trial", "risk-alert", () => ({}));
    running.site.namesake = "nas";
    for (let n = 0; n < 3; n++) {
      running.site.bus.emit("worked");
      running.clock.advance(2_000);
    }
    equal(told("health").length, 1);
    deepEqual(systemStatus(running.site).nodes, [
      { node_id: "trial", type: "risk-alert", queued: 0, dead: 0, refused: 0, open: 0 },
    ]);
    await node.put({ payload: "nonsense" });
  });

  it("tells once that too many events are high or critical, whatever their share is from one to the next", async () => {
    await started();
    news.length = 0;
    running.site.store.cameras.know("porch", toIso(running.clock.now()));
    for (let n = 0; n < 50; n++) running.judge(70);
    for (let n = 0; n < 3; n++) {
      running.judge(10);
      running.site.bus.emit("worked");
      running.clock.advance(2_000);
    }
    equal(told("health").length, 1);
    equal(running.warnings.filter((text) => text.startsWith("Health: too many events")).length, 1);
  });

  it("asks for a restart of each server in its own time, and one that never answers delays no other", async () => {
    const { site, clock } = running;
    const detector = use("detect", "http://detector:8095");
    const model = use("nemotron-analyze", "http://model:8080");
    const watch = new ServerWatch(site);
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds; n += 1) {
        if (n % 15 === 0) void watch.ask();
        clock.advance(1_000);
        await settle();
      }
    };
    await started();
    await pass(15);
    detector(null);
    await pass(30);
    deepEqual([site.reports.get("http://detector:8095")?.health, told("server")], ["failing", []]);
    model("failing");
    await pass(400);
    const steps = (service: string) =>
      told("server")
        .filter((each) => each.service === service)
        .map(({ action, attempt, attempts, backoff_s }) => [action, attempt, attempts, backoff_s]);
    const expected = [
      ["restart", 1, 2, 5],
      ["restart", 2, 2, 10],
      ["gave_up", 2, 2, null],
    ];
    deepEqual(steps("detector"), expected);
    deepEqual(steps("llm"), expected);
    equal(systemStatus(site).health, "unhealthy");
    detector("warming");
    await pass(15);
    deepEqual(steps("detector"), expected);
    detector("ready");
    model("ready");
    await pass(30);
    deepEqual(steps("detector").at(-1), ["recovered", 2, 2, null]);
    deepEqual(steps("llm").at(-1), ["recovered", 2, 2, null]);
    equal(
      systemStatus(site).services.every(({ state }) => state === "up"),
      true,
    );
    watch.close();
    deepEqual([...site.reports], []);
  });

  it("does not hold an outage against a server that answers and that nothing waits for", async () => {
    const { site, clock } = running;
    const gate = new ServerGate(clock);
    use("detect", "http://detector:8095", gate);
    const away = new ServerError("AWAY", "the server was away", { unreachable: true });
    const start = (visit: { failed(job: string, error: Error): boolean }) => void visit.failed("a", away);
    const leave = gate.join({ offer: () => ({ priority: 1, start }), onAway: () => {} }, 1);
    gate.pump();
    leave();
    deepEqual(
      systemStatus(site).services.map(({ state, reason }) => [state, reason]),
      [["down", "the server was away"]],
    );
    const watch = new ServerWatch(site);
    await watch.ask();
    deepEqual(
      systemStatus(site).services.map(({ state }) => state),
      ["up"],
    );
    watch.close();
  });

  it("knows the services that a node asks beside its work", async () => {
    const { site } = running;
    const service: { name: string; outage: ServerError | null } = { name: "http://ai:8092", outage: null };
    running.start("enrich", "enrich", () => ({ sideServices: [service, service] }));
    const told = () => systemStatus(site).services.map(({ service, address, state }) => [service, address, state]);
    deepEqual([told(), systemStatus(site).health], [[["ai", "http://ai:8092", "up"]], "healthy"]);
    service.outage = new ServerError("AI_UNREACHABLE", "nobody answers");
    deepEqual([told(), systemStatus(site).health], [[["ai", "http://ai:8092", "down"]], "degraded"]);
    await running.pass(61);
    match(JSON.stringify(news), /"action":"restart".*"service":"ai"/);
  });

  it("is unhealthy where the store cannot answer, and has no numbers from it", async () => {
    await running.close();
    spoil(running.folder, "cameras");
    running = new RunningSite(running);
    const { health, causes, queue, cameras } = systemStatus(running.site);
    equal(health, "unhealthy");
    match(String(causes[0]?.text), /^the store fails: The database is corrupt/);
    deepEqual([queue.pending, cameras.total], [null, null]);
  });
});
