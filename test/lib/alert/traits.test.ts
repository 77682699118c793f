import { deepEqual } from "node:assert/strict";
import { traitsOf } from "../../../lib/alert/traits.ts";
import { eventWith } from "./fixtures.ts";

describe("an event's traits", () => {
  it("are its camera, label groups, zones, the time on the camera's clock, and who was recognised", () => {
    const context = {
      zone_members: { street: ["de_2"], drive: ["de_1"] },
      entities: [{ entity_id: "id_2", kind: "vehicle" }, { entity_id: "id_1" }, { entity_id: "id_1" }],
    };
    const labels = ["person", "car", "truck", "Umbrella"];
    deepEqual(traitsOf(eventWith({ labels, context, started_at: "2026-11-20T23:30:59.000Z" }), "Asia/Kolkata"), {
      camera_id: "porch",
      groups: ["person", "umbrella", "vehicle"],
      zones: ["drive", "street"],
      minute: 5 * 60,
      entities: ["id_1", "id_2"],
    });
  });

  it("are few where little is known, or what is known makes no sense", () => {
    const context = { zone_members: ["drive"], entities: [{ name: "Tom" }, "Tom", { entity_id: "id_1" }] };
    const { zones, entities } = traitsOf(eventWith({ context }), "UTC");
    deepEqual([zones, entities], [[], ["id_1"]]);
    const { groups, zones: none } = traitsOf(eventWith({ labels: [] }), "UTC");
    deepEqual([groups, none], [[], []]);
  });
});
