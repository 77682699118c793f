/** What tests ask a running Home Assistant, over its WebSocket. */
import {
  type Connection,
  callService,
  createConnection,
  createLongLivedTokenAuth,
  getConfig,
  type HassEntities,
  type HassEntity,
  type HassServiceTarget,
  subscribeEntities,
} from "home-assistant-js-websocket";
import { z } from "zod";
import { eventually } from "../../support/eventually.ts";

const RegistryEntity = z.object({
  entity_id: z.string(),
  unique_id: z.string(),
  platform: z.string(),
  device_id: z.string().nullable(),
  entity_category: z.string().nullable(),
});
export type RegistryEntity = z.infer<typeof RegistryEntity>;

const RegistryDevice = z.object({
  id: z.string(),
  identifiers: z.array(z.tuple([z.string(), z.string()])),
  name: z.string().nullable(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  sw_version: z.string().nullable(),
  via_device_id: z.string().nullable(),
});
export type RegistryDevice = z.infer<typeof RegistryDevice>;

/** In the short form of the history: a state, its attributes where they changed, and its time in seconds. */
const Past = z.array(z.object({ s: z.string(), a: z.record(z.string(), z.unknown()).optional(), lu: z.number() }));

/** What it answers to a command that it cannot carry out. */
const Failure = z.object({ code: z.string() });

/** A state of the past. */
export interface PastState {
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const TOKEN_DAYS = 1;
/** A busy machine takes half of it. */
export const START_MS = 120_000;

export class HomeAssistantApi {
  readonly connection: Connection;
  #states: HassEntities = {};

  private constructor(connection: Connection) {
    this.connection = connection;
    subscribeEntities(connection, (states) => {
      this.#states = states;
    });
  }

  /** Resolves when Home Assistant has started everything. */
  static async connect(url: string, token: string): Promise<HomeAssistantApi> {
    const auth = createLongLivedTokenAuth(url, token);
    const connect = () => createConnection({ auth }).catch(() => undefined);
    const connection = await eventually(connect, "a connection to Home Assistant", START_MS);
    let running = false;
    await connection.subscribeEvents(() => {
      running = true;
    }, "homeassistant_started");
    running ||= (await getConfig(connection)).state === "RUNNING";
    await eventually(() => running, "Home Assistant's start", START_MS);
    return new HomeAssistantApi(connection);
  }

  /** All states at the moment, by entity id. */
  get states(): Readonly<Record<string, HassEntity | undefined>> {
    return this.#states;
  }

  /** The first state of the entity that fits, waited for. */
  async state(entityId: string, fits: (state: HassEntity) => boolean, timeoutMs = 30_000): Promise<HassEntity> {
    const look = () => {
      const state = this.states[entityId];
      return state && fits(state) && state;
    };
    return eventually(look, `the state of ${entityId}`, timeoutMs).catch((cause) => {
      throw new Error(`${entityId} is ${JSON.stringify(this.states[entityId])}`, { cause });
    });
  }

  /** The states that an entity has had since the time, oldest first. */
  async history(entityId: string, since: Date): Promise<PastState[]> {
    const reply = await this.#ask("history/history_during_period", z.record(z.string(), Past), {
      start_time: since.toISOString(),
      entity_ids: [entityId],
      significant_changes_only: false,
      no_attributes: false,
      minimal_response: false,
    });
    let attributes: PastState["attributes"] = {};
    return (reply[entityId] ?? []).map(({ s, a }) => {
      attributes = a ?? attributes;
      return { state: s, attributes };
    });
  }

  /** Those of MQTT. */
  async entities(): Promise<RegistryEntity[]> {
    const all = await this.#ask("config/entity_registry/list", z.array(RegistryEntity));
    return all.filter(({ platform }) => platform === "mqtt");
  }

  async devices(): Promise<RegistryDevice[]> {
    // Others have identifiers of other shapes.
    const all = await this.#ask("config/device_registry/list", z.array(z.unknown()));
    return all.flatMap((device) => RegistryDevice.safeParse(device).data ?? []);
  }

  /** Calls an action, which older versions call a service. */
  async call(domain: string, action: string, data: object, target?: HassServiceTarget): Promise<void> {
    await callService(this.connection, domain, action, data, target);
  }

  /** A token that lasts longer than any test. */
  async newToken(name: string): Promise<string> {
    return this.#ask("auth/long_lived_access_token", z.string(), { client_name: name, lifespan: TOKEN_DAYS });
  }

  /**
   * Says that the address in its configuration is right. Newer versions would go back to their usual one after five
   * minutes without that.
   */
  async confirmAddress(): Promise<void> {
    await this.#ask("http/config/promote", z.unknown()).catch((error: unknown) => {
      if (Failure.parse(error).code !== "unknown_command") throw error;
    });
  }

  close(): void {
    this.connection.close();
  }

  async #ask<T>(type: string, shape: z.ZodType<T>, rest: object = {}): Promise<T> {
    return shape.parse(await this.connection.sendMessagePromise({ type, ...rest }));
  }
}
