/** Tells nodes that the flows run: one listener for all of them, since Node-RED warns of more than ten. */
import type { EventEmitter } from "node:events";

const audiences = new WeakMap<EventEmitter, Set<() => void>>();

/** Calls back after every deploy, also one that left the node alone. The answer ends it. */
export function onFlowsStarted(events: EventEmitter, listener: () => void): () => void {
  const audience = audiences.get(events) ?? assemble(events);
  audience.add(listener);
  return () => audience.delete(listener);
}

function assemble(events: EventEmitter): Set<() => void> {
  const audience = new Set<() => void>();
  audiences.set(events, audience);
  events.on("flows:started", () => {
    for (const listener of [...audience]) listener();
  });
  return audience;
}
