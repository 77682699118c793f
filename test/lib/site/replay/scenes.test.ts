import { deepEqual, equal, throws } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readScenes } from "../../../../lib/site/replay/scenes.ts";
import { removeTempFolders, tempFolder } from "../../../support/temp-folder.ts";
import { batch, contextOf, detection } from "../../analyze/fixtures.ts";
import { eventOf } from "../../store/support.ts";

const ALL = { last: 100, cameraId: null };

describe("the scenes of a file", () => {
  after(removeTempFolders);

  const read = (content: string, wanted = ALL as Parameters<typeof readScenes>[1]) => {
    const file = join(tempFolder(), "events.json");
    writeFileSync(file, content);
    return readScenes(file, wanted);
  };
  const seen = [
    detection(),
    detection({ detection_id: "de_2" }),
    detection({ detection_id: "de_3", upload_id: "up_2" }),
  ];
  const event = { ...eventOf("ev_1"), detections: seen, context: contextOf("enriched"), merged: ["ba_2"] };

  it("have of an event all that its prompt tells", () => {
    const { scenes, prompts, leftOut } = read(JSON.stringify(event));
    deepEqual([scenes.length, prompts, leftOut], [1, [], 0]);
    const [scene] = scenes;
    equal(scene?.event?.risk_score, 60);
    deepEqual(scene?.batch.detections, seen);
    deepEqual(scene?.batch.context, event.context);
    deepEqual(scene?.batch.merged, ["ba_2"]);
    equal(scene?.batch.uploads.length, 2);
  });

  it("are the latest, the earliest first, of one camera where that is wanted", () => {
    const minutes = [3, 1, 2].map((minute) =>
      batch(seen, { batch_id: `ba_${minute}`, started_at: `2026-11-20T13:0${minute}:00.000Z` }),
    );
    const lines = minutes.map((each) => JSON.stringify(each)).join("\n\n");
    const ids = (wanted: typeof ALL) => read(lines, wanted).scenes.map((scene) => scene.batch.batch_id);
    deepEqual(ids(ALL), ["ba_1", "ba_2", "ba_3"]);
    deepEqual(ids({ ...ALL, last: 2 }), ["ba_2", "ba_3"]);
    deepEqual(read(lines, { ...ALL, cameraId: "garden" }).scenes, []);
  });

  const refused: [name: string, content: string, message: RegExp][] = [
    ["what is no JSON", "What is this?", /is not valid JSON/],
    [
      "an event as it is on MQTT",
      JSON.stringify({ type: "event", data: eventOf("ev_1") }),
      /number 1 is an event without/,
    ],
    ["a broken event", JSON.stringify([event, { ...event, risk_score: 101 }]), /number 2 is no event: risk_score: /],
    ["what is neither", JSON.stringify([{ batch_id: "ba_1" }]), /number 1 is no batch: camera_id: /],
    ["null", "null", /number 1 is no batch: /],
  ];
  for (const [name, content, message] of refused) {
    it(`are refused: ${name}`, () => {
      throws(() => read(content), { name: "InputError", code: "EVENTS", message });
    });
  }
});
