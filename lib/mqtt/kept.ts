/** What a broker keeps: the retained messages. */
import type { Clock } from "../resilience/clock.ts";
import type { MqttLink } from "./link.ts";

/** Retained messages come in one go; nobody says which is the last. */
const QUIET_MS = 300;
const MOST_MS = 5_000;

/**
 * The payloads of what the broker keeps on the topics that fit the filters, by topic: all that comes until nothing more
 * has for a third of a second. Nothing where the connection is lost.
 */
export function keptMessages(
  link: Pick<MqttLink, "subscribe">,
  filters: readonly string[],
  clock: Clock,
): Promise<Map<string, Buffer>> {
  const kept = new Map<string, Buffer>();
  const { promise, resolve } = Promise.withResolvers<Map<string, Buffer>>();
  const end = () => {
    cancelQuiet();
    cancelMost();
    for (const unsubscribe of unsubscribes) unsubscribe();
    resolve(kept);
  };
  let cancelQuiet = clock.after(QUIET_MS, end);
  const cancelMost = clock.after(MOST_MS, end);
  const unsubscribes = filters.map((filter) =>
    link.subscribe(
      filter,
      (payload, retained, topic) => {
        if (!retained) return;
        kept.set(topic, payload);
        cancelQuiet();
        cancelQuiet = clock.after(QUIET_MS, end);
      },
      { qos: 0 },
    ),
  );
  return promise;
}
