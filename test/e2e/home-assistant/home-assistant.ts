/** A real Home Assistant as a child process, with a configuration folder and a user of its own. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { freePort } from "../../support/free-port.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { HomeAssistantApi } from "./api.ts";
import { type Entry, entriesOf } from "./log.ts";
import { onboard, untilOnboarding } from "./onboarding.ts";
import { provideHomeAssistant } from "./provision.ts";
import type { Version } from "./versions.ts";

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** It gives its integrations a minute. */
const STOP_MS = 70_000;

/** Nothing that looks for devices or asks a server on the internet. */
const configuration = (port: number) => `
homeassistant:
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: ${port}
frontend:
config:
history:
logbook:
mobile_app:
recorder:
  commit_interval: 0
automation: !include automations.yaml
`;

/** All that it would ask its owner for, but for the owner: the rest sets integrations up that need the internet. */
const ONBOARDING = {
  key: "onboarding",
  version: 4,
  minor_version: 1,
  data: { done: ["core_config", "analytics", "integration"] },
};

export class HomeAssistant {
  readonly version: Version;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Its configuration folder. */
  readonly folder = tempFolder();
  readonly #python: string;
  #token = "";
  #child: Child | null = null;
  #api: HomeAssistantApi | null = null;
  #log = "";

  private constructor(version: Version, python: string, port: number) {
    this.version = version;
    this.#python = python;
    this.url = `http://127.0.0.1:${port}`;
    mkdirSync(join(this.folder, ".storage"));
    writeFileSync(join(this.folder, ".storage/onboarding"), JSON.stringify(ONBOARDING));
    writeFileSync(join(this.folder, "configuration.yaml"), configuration(port));
    writeFileSync(join(this.folder, "automations.yaml"), "[]\n");
  }

  /** Resolves when it runs, with one user. */
  static async start(version: Version): Promise<HomeAssistant> {
    const started = new HomeAssistant(version, await provideHomeAssistant(version), await freePort());
    started.#launch();
    try {
      await started.#alive(untilOnboarding(started.url));
      started.#token = await onboard(started.url);
      await started.#connect();
    } catch (error) {
      await started.kill();
      throw error;
    }
    return started;
  }

  /** A long-lived token of its user. */
  get token(): string {
    return this.#token;
  }

  get api(): HomeAssistantApi {
    if (!this.#api) throw new Error("Home Assistant does not run");
    return this.#api;
  }

  /** What it has logged, over all its starts. */
  get log(): readonly Entry[] {
    return entriesOf(this.#log);
  }

  /** As its owner restarts it; resolves when it runs again. */
  async restart(): Promise<void> {
    await this.stop();
    this.#launch();
    await this.#connect();
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    this.#api?.close();
    this.#api = null;
    const child = this.#child;
    if (!child) return;
    child.kill("SIGTERM");
    const lastResort = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await once(child, "close");
    clearTimeout(lastResort);
    if (child.exitCode !== 0) throw new Error(`Home Assistant ended with ${child.exitCode ?? child.signalCode}`);
  }

  async kill(): Promise<void> {
    this.#api?.close();
    this.#api = null;
    if (!this.#child) return;
    const ended = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await ended;
  }

  #launch(): void {
    const child = spawn(this.#python, ["-m", "homeassistant", "--config", this.folder, "--skip-pip"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const killWithUs = () => child.kill("SIGKILL");
    process.once("exit", killWithUs);
    child.once("close", () => {
      process.off("exit", killWithUs);
      this.#child = null;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
  }

  async #connect(): Promise<void> {
    this.#api = await this.#alive(HomeAssistantApi.connect(this.url, this.#token));
  }

  /** What is waited for, unless Home Assistant ends before. */
  async #alive<T>(waiting: Promise<T>): Promise<T> {
    const child = this.#child;
    if (!child) throw new Error("Home Assistant does not run");
    const ended = once(child, "close").then(() => {
      throw new Error(`Home Assistant ended at its start:\n${this.#log}`);
    });
    ended.catch(() => {});
    return Promise.race([waiting, ended]);
  }
}
