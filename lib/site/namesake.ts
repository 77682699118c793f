/** Notices another Vigil that uses this site's name on the same broker: the two would overwrite each other's states. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import type { MqttLink } from "../mqtt/link.ts";
import { asError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Site } from "./site.ts";

/** What each Vigil says of itself when it connects. Never retained: an instance that has ended says nothing. */
const Claim = z.object({ instance: z.string().max(64), host: z.string().transform((name) => oneLine(name, 64)) });

/** Says who we are on each connection, and calls back once for each other instance that does the same, or answers. */
export function watchForNamesakes(site: Site, link: MqttLink, onFound: (host: string) => void): void {
  const topic = site.topics.instance;
  const instance: string = randomUUID();
  const known = new Set([instance]);
  const claim = () => {
    const payload = JSON.stringify({ instance, host: hostname() });
    link.publish({ topic, payload, retain: false }).catch((error) => {
      if (link.connected) site.logger.warn(`This site's name could not be claimed: ${asError(error).message}`);
    });
  };
  link.onConnect(claim);
  link.subscribe(topic, (payload) => {
    const other = Claim.safeParse(jsonIn(payload)).data;
    if (!other || known.has(other.instance)) return;
    known.add(other.instance);
    onFound(other.host);
    // It may have come after us, and has not heard of us yet.
    claim();
  });
}
