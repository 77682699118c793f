/** Each AI service with a server for tests, and a gate with a clock that stands still. */
import { openServices } from "../../../../lib/context/services/open.ts";
import type { AiService, Crop, Findings, ServiceName, Task } from "../../../../lib/context/services/service.ts";
import type { LabelGroup } from "../../../../lib/domain/labels.ts";
import { ServerGates } from "../../../../lib/resilience/server-gates.ts";
import type { Role } from "../../../support/ai-roles.ts";
import { type AiServer, startAiServer } from "../../../support/ai-server.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { scene } from "../../../support/pictures.ts";

export const SERVICE_OF: Readonly<Record<Role, ServiceName>> = {
  plates: "plates",
  enrichment: "enrichment",
  gateway: "enrichment",
  florence: "florence",
  clip: "clip",
};

export class ServiceRig {
  readonly clock = new FakeClock();
  readonly server: AiServer;
  readonly service: AiService;
  readonly #jpeg: Buffer;

  private constructor(role: Role, server: AiServer, jpeg: Buffer) {
    this.server = server;
    this.#jpeg = jpeg;
    const name = SERVICE_OF[role];
    const urls = { plates: "", enrichment: "", florence: "", clip: "", [name]: server.url };
    const service = openServices(urls, new ServerGates(this.clock))[name];
    if (!service) throw new Error(`there is no ${name}`);
    this.service = service;
  }

  static async start(role: Role): Promise<ServiceRig> {
    return new ServiceRig(role, await startAiServer(role), await scene());
  }

  /** Asks about a picture that is like no other one, unless a number is given again. */
  ask(
    task: Task,
    of: Partial<Omit<Crop, "jpeg">> = {},
    { timeoutMs = 5_000, nth = Math.random() } = {},
  ): Promise<Findings> {
    // What follows a JPEG's end is nobody's business, and makes of it another question.
    const jpeg = Buffer.concat([this.#jpeg, Buffer.from(String(nth))]);
    const group: LabelGroup = "person";
    const crop = { jpeg, label: "person", group, ...of };
    return this.service.ask(task, crop, { timeoutMs, signal: new AbortController().signal });
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.server.close();
  }
}
