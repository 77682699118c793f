/** A WebSocket on which Home Assistant has let us in: bounded in time and size, and deaf to what is not its protocol. */
import type { Socket } from "node:net";
import type { HaWebSocket } from "home-assistant-js-websocket";
import { Agent, buildConnector, WebSocket } from "undici";
import { z } from "zod";
import type { Clock } from "../resilience/clock.ts";
import { ReplyError, reasonOf, ServerError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import type { HomeAssistantAddress } from "./address.ts";

export interface SocketOptions extends HomeAssistantAddress {
  /** False takes any certificate. */
  readonly verify: boolean;
  readonly clock: Clock;
}

/** Each for opening the socket and for logging in. Home Assistant itself gives a client ten seconds to log in. */
const STEP_MS = 10_000;
/** The states of a large house are a few megabytes. */
const MAX_MESSAGE_BYTES = 32 * 2 ** 20;
const REASON_LENGTH = 200;

/** What Home Assistant sends: one message, or several at once. */
const Message = z.looseObject({ type: z.string(), id: z.int().optional() });
const Messages = z.union([Message, z.array(Message)]);

const LoginReply = z.discriminatedUnion("type", [
  z.object({ type: z.literal("auth_required") }),
  z.object({ type: z.literal("auth_ok"), ha_version: z.string() }),
  z.object({ type: z.literal("auth_invalid"), message: z.string().default("no reason given") }),
]);

/**
 * Connects and logs in. When `signal` is aborted, now or later, the connection is cut at once.
 * @throws ServerError `HA_UNREACHABLE`, `HA_TIMEOUT`, `HA_REPLY`
 * @throws ReplyError `HA_TOKEN_REFUSED`
 */
export async function openSocket(options: SocketOptions, signal: AbortSignal): Promise<HaWebSocket> {
  const { socketUrl, token, name, clock } = options;
  signal.throwIfAborted();
  const wire = new Wire(options.verify);
  const socket = new WebSocket(socketUrl, { dispatcher: wire.agent });
  const { promise: login, resolve, reject } = Promise.withResolvers<string>();
  let cancelDeadline = () => {};
  const expect = (what: string) => {
    cancelDeadline();
    cancelDeadline = clock.after(STEP_MS, () =>
      reject(new ServerError("HA_TIMEOUT", `${name} ${what} within ${STEP_MS / 1000} s`)),
    );
  };
  const cut = () => {
    cancelDeadline();
    reject(signal.reason);
    socket.close();
    wire.cut();
  };
  expect("did not answer");
  signal.addEventListener("abort", cut, { once: true });
  socket.addEventListener("open", () => {
    expect("did not ask for the token and take it");
    socket.send(JSON.stringify({ type: "auth", access_token: token }));
  });
  socket.addEventListener("close", () => {
    signal.removeEventListener("abort", cut);
    reject(wire.fault(name));
    wire.cut();
  });
  const onReply = ({ data }: { readonly data: unknown }) => {
    const reply = LoginReply.safeParse(jsonIn(String(data)));
    if (!reply.success) reject(notItsProtocol(name));
    else if (reply.data.type === "auth_invalid") reject(tokenRefused(name, reply.data.message));
    else if (reply.data.type === "auth_ok") resolve(reply.data.ha_version);
  };
  socket.addEventListener("message", onReply);
  try {
    const haVersion = await login;
    socket.removeEventListener("message", onReply);
    refuseForeign(socket, cut);
    // The library's type is the browsers' WebSocket; what it uses of that, both have.
    return Object.assign(socket, { haVersion }) as unknown as HaWebSocket;
  } catch (error) {
    cut();
    throw error;
  } finally {
    cancelDeadline();
  }
}

/** The TCP connection below a WebSocket, which says why it failed and can be cut. */
class Wire {
  readonly agent: Agent;
  #tcp: Socket | null = null;
  #failure: Error | null = null;

  constructor(verify: boolean) {
    const connect = buildConnector({ rejectUnauthorized: verify, timeout: STEP_MS });
    this.agent = new Agent({
      webSocket: { maxPayloadSize: MAX_MESSAGE_BYTES },
      connect: (options, callback) =>
        connect(options, (...outcome) => {
          [this.#failure, this.#tcp] = outcome;
          callback(...outcome);
        }),
    });
  }

  cut(): void {
    this.#tcp?.destroy();
    // Nothing waits for it, and nothing can be done where it fails.
    void this.agent.destroy().catch(() => {});
  }

  fault(name: string): ServerError {
    const cause = this.#failure;
    if (cause === null) {
      return new ServerError("HA_UNREACHABLE", `${name} is there, but opens no WebSocket as Home Assistant does`);
    }
    return new ServerError("HA_UNREACHABLE", `${name} cannot be reached: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Ends the connection over a message that is not Home Assistant's. To be called before anybody else listens: what the
 * library's listeners throw would end the process.
 */
function refuseForeign(socket: WebSocket, cut: () => void): void {
  socket.addEventListener("message", (event) => {
    if (Messages.safeParse(jsonIn(String(event.data))).success) return;
    event.stopImmediatePropagation();
    cut();
  });
}

function notItsProtocol(name: string): ServerError {
  return new ServerError("HA_REPLY", `${name} answers with something that is not Home Assistant's protocol`);
}

function tokenRefused(name: string, reason: string): ReplyError {
  return new ReplyError(
    "HA_TOKEN_REFUSED",
    `${name} refuses the access token (${reason.slice(0, REASON_LENGTH)}): make a new one in your profile there, under Security, and enter it in the form`,
  );
}
