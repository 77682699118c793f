/** The AI services that a user has, by their addresses. */
import type { ServerGates } from "../../resilience/server-gates.ts";
import type { AiServerOptions } from "./ai-connection.ts";
import { ClipServer } from "./clip.ts";
import { EnrichmentServer } from "./enrichment.ts";
import { FlorenceServer } from "./florence.ts";
import { PlateServer } from "./plates.ts";
import { type AiService, SERVICE_NAMES, type ServiceName } from "./service.ts";

const OPEN: Readonly<Record<ServiceName, (options: AiServerOptions) => AiService>> = {
  plates: (options) => new PlateServer(options),
  enrichment: (options) => new EnrichmentServer({ ...options, modelId: "osnet" }),
  florence: (options) => new FlorenceServer(options),
  clip: (options) => new ClipServer({ ...options, modelId: "clip" }),
};

export type Services = Readonly<Partial<Record<ServiceName, AiService>>>;

/**
 * Those with an address, of `http:` or `https:`; the others, which have an empty one, are not used. `onChange` is called when
 * one was found to be away, or back.
 */
export function openServices(
  urls: Readonly<Record<ServiceName, string>>,
  gates: ServerGates,
  onChange = () => {},
): Services {
  const used = SERVICE_NAMES.filter((name) => urls[name] !== "");
  return Object.fromEntries(
    used.map((name) => [name, OPEN[name]({ url: urls[name], gate: gates.of(addressOf(urls[name], name)), onChange })]),
  );
}

/** One server may be several services, of which one is missing: each has a gate of its own. */
function addressOf(url: string, name: ServiceName): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, "")}/${name}`;
}
