import assert from "node:assert/strict";
import fc from "fast-check";
import { CameraId } from "../../../lib/domain/camera.ts";
import { cameraId } from "../../../lib/media/camera-id.ts";

describe("cameraId", () => {
  const table: [folder: string, id: string][] = [
    ["Front Door", "front_door"],
    ["front-door", "front_door"],
    ["FRONT_DOOR", "front_door"],
    ["  front   door. ", "front_door"],
    ["FrontDoor", "frontdoor"],
    ["Cam01_C4D6553BA2CF", "cam01_c4d6553ba2cf"],
    ["Garten Süd", "garten_sued"],
    ["Вход", "vkhod"],
    ["../..; rm -rf", "rm_rf"],
  ];
  for (const [folder, id] of table) it(`${folder} is ${id}`, () => assert.equal(cameraId(folder), id));

  it("is the same however the name's accents are encoded", () => {
    assert.equal(cameraId("Garten Süd".normalize("NFD")), cameraId("Garten Süd".normalize("NFC")));
    assert.equal(cameraId("がら".normalize("NFD")), cameraId("がら".normalize("NFC")));
  });

  it("is a hash where no letter is left, another one for each name", () => {
    for (const folder of ["玄関", "📷", "---", ""]) assert.match(cameraId(folder), /^cam_[0-9a-f]{8}$/, folder);
    assert.notEqual(cameraId("玄関"), cameraId("裏口"));
    assert.equal(cameraId("玄関"), cameraId("玄関"));
  });

  it("cuts a long name and keeps it apart from its neighbours", () => {
    const ids = ["a", "b"].map((end) => cameraId(`${"north gate ".repeat(18)}${end}`));
    for (const id of ids) assert.match(id, /^north_gate_[a-z_]+_[0-9a-f]{8}$/);
    assert.notEqual(ids[0], ids[1]);
    assert.equal(cameraId("x".repeat(64)), "x".repeat(64));
  });

  it("is a valid id for any name whatever", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (name) => CameraId.safeParse(cameraId(name)).success),
    );
  });
});
