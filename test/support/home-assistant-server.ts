/** A Home Assistant for tests: the messages of the real one's WebSocket, and the faults that a test asks for. */
import { once } from "node:events";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

export const TOKEN = "a-long-lived-token";

/** As the real one lists it. */
export interface FakeState {
  readonly state: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface NotifyCall {
  readonly service: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * - `unanswered`: takes connections and says nothing; `forbidden`: answers HTTP 403
 * - `tokenless`: opens the WebSocket and never asks for a token; `garbled`: asks with something that is not JSON
 * - `starting`: has not started yet; `deaf`: takes requests and never answers; `failing`: fails each service call
 * - `hangup`: ends the connection in the middle of a service call
 */
export type Misbehaviour =
  | "unanswered"
  | "forbidden"
  | "tokenless"
  | "garbled"
  | "starting"
  | "deaf"
  | "failing"
  | "hangup";

export interface HomeAssistantServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Calls of `notify.…`, in order, failed ones included. */
  readonly calls: readonly NotifyCall[];
  /** What was asked for with `subscribe_entities` and `subscribe_events`, by every connection, with its id there. */
  readonly subscriptions: readonly Readonly<Record<string, unknown>>[];
  /** Tokens that were handed in. */
  readonly logins: readonly string[];
  /** Heartbeats that it has answered. */
  readonly pings: number;
  /** Connections that are open now, whether logged in or not. */
  readonly connections: number;
  /** Services that there are, without `notify.`; any other is refused. */
  readonly services: Set<string>;
  /** Whether its token's user is an administrator. */
  admin: boolean;
  /** The token that it takes. */
  token: string;
  misbehave(how: Misbehaviour | null): void;
  /** Sets states, and tells who has subscribed; null removes one. */
  set(states: Readonly<Record<string, FakeState | null>>): void;
  /** Fires an event on its bus. */
  fire(eventType: string, data: object): void;
  /** Sends this text as it is to all connections. */
  say(text: string): void;
  /** Cuts all connections. */
  drop(): void;
  close(): Promise<void>;
}

const Request = z.looseObject({ id: z.int(), type: z.string() });
const ServiceCall = z.object({ service: z.string(), service_data: z.record(z.string(), z.unknown()) });
const EntitySubscription = z.object({ entity_ids: z.array(z.string()) });
const EventSubscription = z.object({ event_type: z.string() });

export async function startHomeAssistantServer(
  options: { port?: number; tls?: { cert: string; key: string } } = {},
): Promise<HomeAssistantServer> {
  const refuse: RequestListener = (_request, response) => void response.writeHead(404).end();
  const http = options.tls ? createTlsServer(options.tls, refuse) : createPlainServer(refuse);
  const server = new WebSocketServer({ noServer: true });
  const sockets = new Set<Duplex>();
  const calls: NotifyCall[] = [];
  const subscriptions: Record<string, unknown>[] = [];
  const logins: string[] = [];
  const states = new Map<string, FakeState>();
  /** By connection: ids of its subscriptions, and what they are to. */
  const listeners = new Map<WebSocket, { id: number; entities: readonly string[]; event: string }[]>();
  let how: Misbehaviour | null = null;
  let pings = 0;

  http.on("upgrade", (request, socket, head) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    if (how === "unanswered") {
      // Unread, it would not notice that the other side has closed.
      socket.resume().on("end", () => socket.end());
      return;
    }
    if (how === "forbidden" || request.url !== "/api/websocket") {
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    server.handleUpgrade(request, socket, head, welcome);
  });

  const send = (client: WebSocket, message: object) => client.send(JSON.stringify(message));

  function welcome(client: WebSocket): void {
    client.on("error", () => {});
    if (how === "tokenless") return;
    if (how === "garbled") client.send("<html>");
    else send(client, { type: "auth_required", ha_version: "2026.8.1" });
    client.once("message", (data) => {
      const { access_token } = z.object({ type: z.literal("auth"), access_token: z.string() }).parse(parse(data));
      logins.push(access_token);
      if (access_token !== self.token) {
        send(client, { type: "auth_invalid", message: "Invalid access token or password" });
        client.close();
        return;
      }
      listeners.set(client, []);
      client.on("close", () => listeners.delete(client));
      client.on("message", (request) => answer(client, Request.parse(parse(request))));
      send(client, { type: "auth_ok", ha_version: "2026.8.1" });
    });
  }

  function answer(client: WebSocket, request: z.infer<typeof Request>): void {
    if (how === "deaf") return;
    const { id, type } = request;
    const succeed = (result: unknown = null) => send(client, { id, type: "result", success: true, result });
    const fail = (code: string, message: string) =>
      send(client, { id, type: "result", success: false, error: { code, message } });
    switch (type) {
      case "ping":
        pings += 1;
        send(client, { id, type: "pong" });
        break;
      case "get_config":
        succeed({ state: how === "starting" ? "STARTING" : "RUNNING" });
        break;
      case "get_states":
        succeed([...states].map(([entity_id, state]) => ({ entity_id, attributes: {}, ...state })));
        break;
      case "subscribe_entities": {
        const { entity_ids } = EntitySubscription.parse(request);
        subscriptions.push({ id, type, entity_ids });
        listeners.get(client)?.push({ id, entities: entity_ids, event: "" });
        succeed();
        const known = entity_ids.filter((entity) => states.has(entity));
        send(client, { id, type: "event", event: { a: Object.fromEntries(known.map((each) => [each, added(each)])) } });
        break;
      }
      case "subscribe_events": {
        const { event_type } = EventSubscription.parse(request);
        subscriptions.push({ id, type, event_type });
        if (!self.admin) fail("unauthorized", "Unauthorized");
        else {
          listeners.get(client)?.push({ id, entities: [], event: event_type });
          succeed();
        }
        break;
      }
      case "call_service": {
        const { service, service_data: data } = ServiceCall.parse(request);
        calls.push({ service, data });
        if (how === "hangup") client.terminate();
        else if (how === "failing") fail("home_assistant_error", "The push service is away");
        else if (!self.services.has(service)) fail("not_found", `Service notify.${service} not found.`);
        else succeed({ context: {} });
        break;
      }
      default:
        fail("unknown_command", "Unknown command.");
    }
  }

  function added(entity: string) {
    const { state, attributes = {} } = states.get(entity) ?? { state: "unknown" };
    return { s: state, a: attributes, c: "01HV", lc: 1_700_000_000.1 };
  }

  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const self: HomeAssistantServer = {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    calls,
    subscriptions,
    logins,
    services: new Set(["mobile_app_phone"]),
    admin: true,
    token: TOKEN,
    get pings() {
      return pings;
    },
    get connections() {
      return sockets.size;
    },
    misbehave: (next) => {
      how = next;
    },
    set: (changes) => {
      for (const [entity, state] of Object.entries(changes)) {
        const before = states.get(entity);
        if (state === null) states.delete(entity);
        else states.set(entity, state);
        const event =
          state === null
            ? { r: [entity] }
            : before
              ? { c: { [entity]: { "+": { s: state.state, lc: 1_700_000_001, a: state.attributes ?? {} } } } }
              : { a: { [entity]: added(entity) } };
        for (const [client, all] of listeners) {
          for (const { id } of all.filter(({ entities }) => entities.includes(entity))) {
            send(client, { id, type: "event", event });
          }
        }
      }
    },
    fire: (eventType, data) => {
      for (const [client, all] of listeners) {
        for (const { id } of all.filter(({ event }) => event === eventType)) {
          send(client, { id, type: "event", event: { event_type: eventType, data, origin: "REMOTE" } });
        }
      }
    },
    say: (text) => {
      for (const client of listeners.keys()) client.send(text);
    },
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
  return self;
}

function parse(data: unknown): unknown {
  return JSON.parse(String(data));
}
