/** The dashboard as Home Assistant gets it: the YAML, read back. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { siteTopics } from "../../../lib/domain/topics.ts";
import { type DashboardSite, dashboardYaml } from "../../../lib/homeassistant/dashboard.ts";
import { cameraDiscovery, hubDiscovery } from "../../../lib/homeassistant/discovery.ts";

/** Those that Home Assistant brings, from 2024.3 to the newest. */
const StockCard = z.enum([
  ...(["entities", "grid", "history-graph", "logbook", "picture-entity", "picture-glance", "tile"] as const),
  "vertical-stack",
]);

const EntityId = z.string().regex(/^[a-z_]+\.(?!_)[a-z0-9]+(_[a-z0-9]+)*$/);
const Row = z.union([EntityId, z.strictObject({ entity: EntityId, name: z.string() })]);
const Card = z.strictObject({
  type: StockCard,
  title: z.string().optional(),
  name: z.string().optional(),
  entity: EntityId.optional(),
  image_entity: EntityId.optional(),
  entities: z.array(Row).min(1).optional(),
  hours_to_show: z.int().positive().optional(),
  columns: z.int().positive().optional(),
  square: z.boolean().optional(),
  show_state: z.boolean().optional(),
  show_header_toggle: z.boolean().optional(),
  get cards() {
    return z.array(Card).min(1).optional();
  },
});
type Card = z.infer<typeof Card>;
const Dashboard = z.strictObject({
  views: z.array(
    z.strictObject({
      title: z.string(),
      path: z.string().regex(/^[a-z]+$/),
      icon: z.string().startsWith("mdi:"),
      cards: z.array(Card).min(1),
    }),
  ),
});

/** As Home Assistant reads it from a file, which its editor must read no differently. */
function read(yaml: string): z.infer<typeof Dashboard> {
  const dashboard = Dashboard.parse(parse(yaml, { version: "1.1" }));
  assert.deepEqual(Dashboard.parse(parse(yaml, { version: "1.2" })), dashboard);
  return dashboard;
}

/** All cards, those within others too. */
const cardsOf = ({ views }: z.infer<typeof Dashboard>): Card[] => {
  const within = (card: Card): Card[] => [card, ...(card.cards ?? []).flatMap(within)];
  return views.flatMap(({ cards }) => cards.flatMap(within));
};

/** The ids of all entities on the cards. */
const shownBy = (card: Card): string[] => [
  ...[card.entity, card.image_entity].filter((id) => id !== undefined),
  ...(card.entities ?? []).map((row) => (typeof row === "string" ? row : row.entity)),
];

/** The ids of all entities that discovery makes known. */
function discovered({ siteId, siteName, cameras }: DashboardSite): Set<unknown> {
  const site = {
    siteId,
    siteName,
    topics: siteTopics("vigil", siteId),
    discoveryPrefix: "homeassistant",
    version: "1.2.3",
  };
  const packets = [...hubDiscovery(site), ...cameras.flatMap((camera) => cameraDiscovery({ ...site, camera }))];
  return new Set(packets.map(({ payload }) => JSON.parse(payload.toString()).default_entity_id));
}

const front = { camera_id: "front_door", name: "Front door" };
const yard = { camera_id: "yard", name: "Yard" };

describe("the dashboard", () => {
  it("shows each camera with its picture, its alerts and its settings, and the hub", () => {
    const cards = cardsOf(read(dashboardYaml({ siteId: "my-home", siteName: "my-home", cameras: [front, yard] })));
    const shown = new Set(cards.flatMap(shownBy));
    for (const camera of ["front_door", "yard"]) {
      for (const id of [
        `image.vigil_my_home_${camera}_last_picture`,
        `image.vigil_my_home_${camera}_last_alert`,
        `event.vigil_my_home_${camera}_alert`,
        `sensor.vigil_my_home_${camera}_risk_score`,
        `switch.vigil_my_home_${camera}_detection`,
        `button.vigil_my_home_${camera}_snooze`,
      ]) {
        assert.ok(shown.has(id), id);
      }
    }
    for (const id of ["select.vigil_my_home_mode", "binary_sensor.vigil_my_home_problem"]) assert.ok(shown.has(id), id);
    assert.deepEqual(
      cards.filter(({ type }) => type === "picture-glance").map(({ title }) => title),
      ["Front door", "Yard"],
    );
  });

  it("shows the hub of a site that has no camera yet", () => {
    const { views } = read(dashboardYaml({ siteId: "home", siteName: "home", cameras: [] }));
    assert.deepEqual(
      views.map(({ path }) => path),
      ["overview", "health"],
    );
  });

  it("shows only what discovery makes known, whatever the site and the cameras are called", () => {
    const name = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("no", "12:30", "2026-09-11", "- x: y # z", "0x1F", "*a", "<<", "{{ 7 * 7 }}", "玄関\n", "~"),
    );
    const site = fc.record({
      siteId: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
      siteName: name,
      cameras: fc.uniqueArray(fc.record({ camera_id: fc.stringMatching(/^[a-z0-9_]{1,64}$/), name }), {
        selector: ({ camera_id }) => camera_id,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(site, (given) => {
        const cards = cardsOf(read(dashboardYaml(given)));
        const known = discovered(given);
        const unknown = cards.flatMap(shownBy).filter((id) => !known.has(id));
        assert.deepEqual(unknown, []);
        const glances = cards.filter(({ type }) => type === "picture-glance");
        assert.deepEqual(
          glances.map(({ title }) => title),
          given.cameras.map((camera) => camera.name),
        );
      }),
      { numRuns: 50 },
    );
  });

  it("is for a site id that can be one", () => {
    assert.throws(() => dashboardYaml({ siteId: "My home", siteName: "", cameras: [] }), { code: "SITE_ID" });
  });
});
