/** One connection to an MQTT broker: kept up for ever, with an availability topic that tells the truth. */
import { connect, type MqttClient, UniqueMessageIdProvider } from "mqtt";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import type { Clock } from "../resilience/clock.ts";
import { asError, InputError, reasonOf, ServerError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { type BrokerSettings, resolveBroker } from "./broker.ts";

export interface MqttLinkOptions extends BrokerSettings {
  readonly clientId: string;
  /** Keeps `online` while the link is up and `offline`, the last will, while it is not. */
  readonly willTopic: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `connecting` until the first attempt has ended; the link keeps trying while `disconnected`. */
export type LinkState = "connecting" | "connected" | "disconnected";

/** `retained`: the broker had kept this message from before the subscription. */
export type MessageListener = (payload: Buffer, retained: boolean, topic: string) => void;

interface Subscription {
  readonly qos: 0 | 1;
  readonly listeners: Set<MessageListener>;
}

const RECONNECT_MS = 1_000;
const CLOSE_MS = 2_000;

export class MqttLink {
  readonly #broker: string;
  readonly #client: MqttClient;
  readonly #willTopic: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #connectListeners = new Set<() => void>();
  readonly #stateListeners = new Set<(state: LinkState) => void>();
  /** By topic filter. */
  readonly #subscriptions = new Map<string, Subscription>();
  /** How to reject each publication whose PUBACK is due. */
  readonly #inFlight = new Set<(error: Error) => void>();
  /** What was logged since the last connection. */
  readonly #reported = new Set<string>();
  #state: LinkState = "connecting";
  #closed: Promise<void> | null = null;

  /**
   * Starts connecting in the background. A broker that is away or refuses is tried again every second, for ever.
   * @throws ConfigError `MQTT_URL`, `MQTT_CREDENTIALS` or `MQTT_TLS`
   */
  constructor({ clientId, willTopic, clock, logger, ...settings }: MqttLinkOptions) {
    const broker = resolveBroker(settings);
    this.#broker = broker.name;
    this.#willTopic = willTopic;
    this.#clock = clock;
    this.#logger = logger;
    this.#client = connect({
      ...broker.options,
      clientId,
      will: { topic: willTopic, payload: Buffer.from("offline"), qos: 1, retain: true },
      reconnectPeriod: RECONNECT_MS,
      reconnectOnConnackError: true,
      resubscribe: false,
      // Unlike the default provider it never gives the id of an unacknowledged packet to another.
      messageIdProvider: new UniqueMessageIdProvider(),
    });
    this.#client.on("connect", () => this.#onConnect());
    this.#client.on("close", () => this.#enter("disconnected"));
    this.#client.on("error", (error) => this.#report(reasonOf(error)));
    this.#client.on("message", (topic, payload, { retain }) => {
      for (const [filter, { listeners }] of [...this.#subscriptions]) {
        if (!fits(topic, filter)) continue;
        for (const listener of [...listeners]) this.#call(() => listener(payload, retain, topic));
      }
    });
    this.#stageOnline();
  }

  /** Scheme, host and port of the broker. */
  get broker(): string {
    return this.#broker;
  }

  get state(): LinkState {
    return this.#state;
  }

  get connected(): boolean {
    return this.#state === "connected" && this.#closed === null;
  }

  /**
   * Calls back on each connection from now on, after the broker acknowledged `online` and whatever an earlier connection
   * had left in flight. The answer ends it.
   */
  onConnect(listener: () => void): () => void {
    this.#connectListeners.add(listener);
    return () => this.#connectListeners.delete(listener);
  }

  /** Calls back on each change of `state`. The answer ends it. */
  onState(listener: (state: LinkState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /**
   * Publishes with QoS 1, in the order of the calls, and resolves when the broker acknowledged. A connection lost
   * meanwhile is waited out: the packet is sent again on the next one. Never publish it anew.
   * @throws ServerError `MQTT_OFFLINE` when not connected, or when the link closes first
   * @throws InputError `MQTT_TOPIC`
   */
  async publish({ topic, payload, retain }: MqttPacket): Promise<void> {
    checkTopic(topic);
    if (!this.connected) throw new ServerError("MQTT_OFFLINE", `the MQTT broker ${this.#broker} is not connected`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#inFlight.add(reject);
    this.#client.publish(topic, payload, { qos: 1, retain }, (error) => {
      this.#inFlight.delete(reject);
      if (error) reject(this.#unacknowledged(error));
      else resolve();
    });
    await promise;
  }

  /**
   * Listens on one topic, or on all that fit a filter with wildcards, on this and every later connection. The request
   * leaves before whatever is published after it. With `qos` 0 the broker drops no retained message where there are more
   * of them than it queues. The answer ends it.
   * @throws InputError `MQTT_TOPIC`
   */
  subscribe(filter: string, listener: MessageListener, { qos = 1 }: { qos?: 0 | 1 } = {}): () => void {
    checkFilter(filter);
    const subscription = this.#subscriptions.get(filter) ?? { qos, listeners: new Set() };
    const { listeners } = subscription;
    listeners.add(listener);
    this.#subscriptions.set(filter, subscription);
    if (listeners.size === 1 && this.connected) this.#requestSubscription(filter, qos);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#subscriptions.delete(filter);
      if (this.connected) this.#client.unsubscribe(filter);
    };
  }

  /**
   * Says `offline`, rejects what is still in flight and ends the connection: within two seconds, even when the broker
   * does not answer (then the last will says it). Closing twice is closing once.
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const { promise: deadline, resolve: expire } = Promise.withResolvers<false>();
    const cancel = this.#clock.after(CLOSE_MS, () => expire(false));
    const acknowledged =
      this.#state === "connected" &&
      (await Promise.race([
        this.#client.publishAsync(this.#willTopic, "offline", { qos: 1, retain: true }).then(
          () => true,
          () => false,
        ),
        deadline,
      ]));
    for (const reject of this.#inFlight) reject(this.#unacknowledged());
    this.#inFlight.clear();
    await Promise.race([this.#client.endAsync(!acknowledged), deadline]);
    this.#client.stream.destroy();
    cancel();
    this.#enter("disconnected");
  }

  #onConnect(): void {
    this.#stageOnline();
    for (const [filter, { qos }] of this.#subscriptions) this.#requestSubscription(filter, qos);
    this.#reported.clear();
    this.#enter("connected");
    for (const listener of [...this.#connectListeners]) this.#call(listener);
  }

  /**
   * Leaves `online` for the next connection. On connecting, mqtt.js first sends what is in its store of unacknowledged
   * packets, oldest first, and only then says that it is connected; at that moment the store is empty. What is put there
   * now therefore goes before everything else of ours, packets that are sent again included.
   */
  #stageOnline(): void {
    const messageId = this.#client.messageIdProvider.allocate();
    if (messageId === null) return; // It cannot be: nothing is in flight.
    this.#client.outgoingStore.put(
      { cmd: "publish", messageId, topic: this.#willTopic, payload: "online", qos: 1, retain: true, dup: false },
      () => {},
    );
  }

  #requestSubscription(filter: string, qos: 0 | 1): void {
    this.#client.subscribe(filter, { qos }, (error, _granted, answer) => {
      // Without an answer the connection was lost, and the next one asks again.
      if (error && answer) this.#report(`the subscription to ${filter} was refused: ${error.message}`);
    });
  }

  #enter(state: LinkState): void {
    if (state === this.#state) return;
    if (state === "connected") this.#logger.info(`MQTT broker ${this.#broker}: connected`);
    if (this.#state === "connected" && this.#closed === null) {
      this.#logger.warn(`MQTT broker ${this.#broker}: connection lost, trying again`);
    }
    this.#state = state;
    for (const listener of [...this.#stateListeners]) this.#call(() => listener(state));
  }

  #report(problem: string): void {
    if (this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.#logger.warn(`MQTT broker ${this.#broker}: ${problem}`);
  }

  /** A listener that throws must not break the connection that called it. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#logger.error(`MQTT listener failed: ${asError(error).message}`);
    }
  }

  #unacknowledged(cause?: Error): ServerError {
    return new ServerError(
      "MQTT_OFFLINE",
      `the MQTT broker ${this.#broker} did not acknowledge before the link closed`,
      {
        cause,
      },
    );
  }
}

/** The broker ends the connection over such a topic, and on the next one mqtt.js would send it again. */
function checkTopic(topic: string): void {
  if (topic === "" || /[+#\0]/.test(topic)) {
    throw new InputError(
      "MQTT_TOPIC",
      `"${topic}" cannot be an MQTT topic here: it must have a name and no +, # or NUL`,
    );
  }
}

/** A wildcard is a level of its own, and `#` the last. */
function checkFilter(filter: string): void {
  const levels = filter.split("/");
  const isGood = levels.every(
    (level, index) => level === "+" || (level === "#" && index === levels.length - 1) || !/[+#\0]/.test(level),
  );
  if (filter !== "" && isGood) return;
  throw new InputError(
    "MQTT_TOPIC",
    `"${filter}" cannot be subscribed to: + and # must be levels of their own, # the last`,
  );
}

/** Whether a topic fits a filter: `+` stands for one level, `#` at the end for all further ones. */
function fits(topic: string, filter: string): boolean {
  if (topic === filter) return true;
  const levels = topic.split("/");
  const wanted = filter.split("/");
  const open = wanted.at(-1) === "#";
  if (open) wanted.pop();
  if (open ? levels.length < wanted.length : levels.length !== wanted.length) return false;
  return wanted.every((level, index) => level === "+" || level === levels[index]);
}
