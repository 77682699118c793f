/** Tells who is at home and what the house says of itself: from Home Assistant where it is asked, and the hub's mode. */
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

export function householdSource(site: Site): ContextSource {
  return {
    part: "household",
    gather: () => ({ known: { mode: site.settings.ofSite().mode, ...site.homeAssistant?.household() } }),
  };
}
