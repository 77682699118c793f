/** What a site has left at the broker and does not want any more. Only what is provably its own counts. */
import { z } from "zod";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import type { Topics } from "../domain/topics.ts";
import { jsonIn } from "../resilience/json.ts";
import { ORIGIN } from "./discovery.ts";

/** What shows whose a discovery message is, and where the states of its entity are. */
const Config = z.object({
  origin: z.object({ name: z.literal(ORIGIN) }),
  state_topic: z.string().optional(),
  image_topic: z.string().optional(),
  json_attributes_topic: z.string().optional(),
  availability: z.array(z.object({ topic: z.string() })).optional(),
});
type Config = z.infer<typeof Config>;

/**
 * The messages that clear, of what the broker keeps (payloads by topic), this site's discovery that is not among the
 * wanted topics, and the states of the entities that go. A message is the site's own when it names this package and the
 * site's availability.
 */
export function clearingPackets(
  kept: ReadonlyMap<string, Buffer>,
  wanted: ReadonlySet<string>,
  topics: Topics,
): MqttPacket[] {
  return [...kept].flatMap(([topic, payload]) => {
    if (wanted.has(topic) || !topic.endsWith("/config")) return [];
    const config = Config.safeParse(jsonIn(payload));
    if (!config.success || !isOf(config.data, topics)) return [];
    const { state_topic, image_topic, json_attributes_topic } = config.data;
    const states = [state_topic, image_topic, json_attributes_topic].filter((state) => state !== undefined);
    return [topic, ...states.filter((state) => state !== topics.availability && kept.has(state))].map(clear);
  });
}

function clear(topic: string): MqttPacket {
  return { topic, payload: "", retain: true };
}

function isOf({ state_topic, availability = [] }: Config, topics: Topics): boolean {
  return state_topic === topics.availability || availability.some(({ topic }) => topic === topics.availability);
}
