/** An MQTT client that keeps everything it hears, for tests to wait on. */
import { connectAsync } from "mqtt";

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** True where the broker had kept it from before the subscription. */
  readonly retain: boolean;
}

export interface Subscriber {
  /** In the order they came. */
  readonly messages: readonly ReceivedMessage[];
  /** The first message, heard already or to come, that satisfies the predicate. Rejects after `timeoutMs`. */
  waitFor(predicate: (message: ReceivedMessage) => boolean, timeoutMs?: number): Promise<ReceivedMessage>;
  close(): Promise<void>;
}

/** Resolves when the broker has granted the subscription. Credentials may stand in the URL. */
export async function subscribe(url: string, topicFilter: string): Promise<Subscriber> {
  const messages: ReceivedMessage[] = [];
  const watchers = new Set<() => void>();
  const client = await connectAsync(url);
  client.on("message", (topic, payload, { retain }) => {
    messages.push({ topic, payload, retain });
    for (const watcher of [...watchers]) watcher();
  });
  await client.subscribeAsync(topicFilter, { qos: 1 });

  return {
    messages,
    waitFor: (predicate, timeoutMs = 5_000) =>
      new Promise((resolve, reject) => {
        const watcher = () => {
          const message = messages.find(predicate);
          if (!message) return;
          end();
          resolve(message);
        };
        const timer = setTimeout(() => {
          end();
          const heard = messages.map(({ topic, payload }) => `${topic}: ${payload.subarray(0, 100)}`);
          reject(new Error(`no such message in ${timeoutMs} ms; heard: ${heard.join(" | ") || "nothing"}`));
        }, timeoutMs);
        const end = () => {
          clearTimeout(timer);
          watchers.delete(watcher);
        };
        watchers.add(watcher);
        watcher();
      }),
    close: () => client.endAsync(true),
  };
}
