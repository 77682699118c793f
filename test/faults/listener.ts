/** A subscriber like Home Assistant, only that it forgets nothing: what the broker has for it while it is away, it gets. */
import { connectAsync } from "mqtt";
import { z } from "zod";
import { EventRecord } from "../../lib/domain/event.ts";

const Announcement = z.object({ type: z.literal("event"), data: EventRecord });

export interface Listener {
  /** Every event as it was published, in the order it came; one that came twice is here twice. */
  readonly events: readonly EventRecord[];
  close(): Promise<void>;
}

const RECONNECT_MS = 50;

/** Resolves when the broker has granted the subscription. */
export async function listen(brokerUrl: string, topic: string): Promise<Listener> {
  const events: EventRecord[] = [];
  const client = await connectAsync(brokerUrl, {
    clientId: "soak-listener",
    clean: false,
    reconnectPeriod: RECONNECT_MS,
  });
  client.on("error", () => {});
  client.on("message", (_topic, payload) => {
    events.push(Announcement.parse(JSON.parse(payload.toString())).data);
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return { events, close: () => client.endAsync(true) };
}
