/** Tells who is at home and what the house's sensors say, where Home Assistant is asked. */
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

export function householdSource(site: Site): ContextSource {
  return {
    part: "household",
    gather: () => ({ known: { mode: site.settings.ofSite().mode } }),
  };
}
