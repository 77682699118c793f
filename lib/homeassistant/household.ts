/** What Home Assistant knows of the house now: who is at home, the alarm, the sun, the weather and chosen entities. */
import { z } from "zod";
import { oneLine } from "../resilience/one-line.ts";
import { EntityId } from "./entity-id.ts";
import type { HomeAssistantLink } from "./link.ts";
import { applyStates, type EntityState } from "./states.ts";

/** Small and plain, for the model that judges. What is not known is absent. */
export interface Household {
  /** Names of the people who are at home, and of those who are not. */
  readonly at_home?: readonly string[];
  readonly away?: readonly string[];
  /** `armed_away`, `disarmed`, …, by the alarm panel's name. */
  readonly alarm?: Readonly<Record<string, string>>;
  readonly sun?: "up" | "down";
  /** `rainy, 7 °C` */
  readonly weather?: string;
  /** Chosen entities by their names: `open`, `locked`, `21.5 °C`. */
  readonly entities?: Readonly<Record<string, string>>;
}

/** The prompt has room for so many things of a kind. */
export const MOST_CHOSEN = 12;
const MOST = { person: 12, alarm_control_panel: 3, weather: 1 } as const;
const SUN = "sun.sun";
const NAME_LENGTH = 60;

/** What a binary sensor's on and off mean, where the words say too little. */
const WORDS: Readonly<Record<string, readonly [on: string, off: string]>> = {
  door: ["open", "closed"],
  garage_door: ["open", "closed"],
  opening: ["open", "closed"],
  window: ["open", "closed"],
  lock: ["unlocked", "locked"],
  motion: ["motion", "no motion"],
  occupancy: ["occupied", "empty"],
  presence: ["occupied", "empty"],
  problem: ["problem", "fine"],
  safety: ["unsafe", "safe"],
  smoke: ["smoke", "no smoke"],
  tamper: ["tampered with", "fine"],
};

const States = z.array(z.object({ entity_id: z.string() }));

export class HouseholdWatch {
  readonly #link: HomeAssistantLink;
  readonly #chosen: readonly string[];
  /** Null while nobody knows them. */
  #states: ReadonlyMap<string, EntityState> | null = null;

  /** Watches people, alarm panels, sun and weather on each connection of the link, and the `chosen` entities. */
  constructor(link: HomeAssistantLink, chosen: readonly string[]) {
    this.#link = link;
    this.#chosen = chosen;
    link.onState((state) => {
      if (state !== "connected") this.#states = null;
    });
    link.onConnect(() => this.#watch());
  }

  /** Null while Home Assistant is away: what was true before may not be. */
  get now(): Household | null {
    return this.#states && householdOf(this.#states, this.#chosen);
  }

  async #watch(): Promise<void> {
    const present = States.safeParse(await this.#link.request({ type: "get_states" }));
    if (!present.success) {
      this.#link.report(`${this.#link.name} does not list its entities as expected: nothing is known of the house`);
      return;
    }
    const ids = new Set(present.data.map(({ entity_id }) => entity_id));
    for (const id of this.#chosen.filter((each) => !ids.has(each))) {
      this.#link.report(`${this.#link.name} has no entity ${id}`);
    }
    const entity_ids = [...watched(ids), ...this.#chosen];
    // Without any, it would send all that there are.
    if (entity_ids.length === 0) return;
    await this.#link.subscribe({ type: "subscribe_entities", entity_ids }, (event) => this.#take(event));
  }

  #take(event: unknown): void {
    try {
      this.#states = applyStates(this.#states ?? new Map(), event);
    } catch {
      this.#states = null;
      this.#link.report(`${this.#link.name} sends states that cannot be read: nothing is known of the house`);
    }
  }
}

/** What of all entities is watched unasked. */
function watched(ids: ReadonlySet<string>): string[] {
  const valid = [...ids].filter((id) => EntityId.safeParse(id).success);
  const byDomain = Object.entries(MOST).flatMap(([domain, most]) =>
    valid.filter((id) => id.startsWith(`${domain}.`)).slice(0, most),
  );
  return ids.has(SUN) ? [...byDomain, SUN] : byDomain;
}

/** The household as these states show it. */
export function householdOf(states: ReadonlyMap<string, EntityState>, chosen: readonly string[]): Household {
  const known = [...states].filter(([, { state }]) => !["unknown", "unavailable", ""].includes(state));
  const others = known.filter(([id]) => !chosen.includes(id));
  const ofDomain = (domain: keyof typeof MOST) =>
    others.filter(([id]) => id.startsWith(`${domain}.`)).slice(0, MOST[domain]);
  const people = ofDomain("person");
  const namesOf = (atHome: boolean) =>
    people.filter(([, { state }]) => (state === "home") === atHome).map(([id, entity]) => nameOf(id, entity));
  const alarms = ofDomain("alarm_control_panel");
  const sun = others.find(([id]) => id === SUN)?.[1].state;
  const [weather] = ofDomain("weather");
  const picked = known.filter(([id]) => chosen.includes(id));
  return {
    ...(people.length > 0 && { at_home: namesOf(true), away: namesOf(false) }),
    ...(alarms.length > 0 && { alarm: byName(alarms) }),
    ...(sun !== undefined && { sun: sun === "above_horizon" ? "up" : "down" }),
    ...(weather && { weather: weatherText(weather[1]) }),
    ...(picked.length > 0 && { entities: byName(picked) }),
  };
}

/** What has the name of another goes by its id. */
function byName(entities: readonly (readonly [string, EntityState])[]): Record<string, string> {
  const names = entities.map(([id, entity]) => nameOf(id, entity));
  const isTaken = (name: string | undefined, index: number) => names.some((each, n) => each === name && n !== index);
  return Object.fromEntries(
    entities.map(([id, entity], index) => [isTaken(names[index], index) ? id : names[index], stateText(entity)]),
  );
}

function nameOf(id: string, { attributes: { friendly_name } }: EntityState): string {
  return (typeof friendly_name === "string" && oneLine(friendly_name, NAME_LENGTH)) || id;
}

function stateText({ state, attributes: { device_class, unit_of_measurement } }: EntityState): string {
  const words =
    typeof device_class === "string" && Object.hasOwn(WORDS, device_class) ? WORDS[device_class] : undefined;
  if (words && state === "on") return words[0];
  if (words && state === "off") return words[1];
  const unit = typeof unit_of_measurement === "string" ? ` ${unit_of_measurement}` : "";
  return oneLine(`${state}${unit}`, NAME_LENGTH);
}

function weatherText({ state, attributes: { temperature, temperature_unit } }: EntityState): string {
  if (typeof temperature !== "number") return oneLine(state, NAME_LENGTH);
  const unit = typeof temperature_unit === "string" ? temperature_unit : "°";
  return oneLine(`${state}, ${temperature} ${unit}`, NAME_LENGTH);
}
