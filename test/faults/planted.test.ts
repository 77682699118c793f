/** That the planted bugs can still be planted; `npm run soak -- --planted` tries whether each is found. */
import { doesNotThrow } from "node:assert/strict";
import { root } from "../package/manifest.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { PLANTED_BUGS, plant } from "./planted.ts";

describe("the bugs that the soak must find", () => {
  after(removeTempFolders);

  for (const bug of PLANTED_BUGS) {
    it(`can be planted: ${bug.name}`, () => {
      doesNotThrow(() => plant(bug, root, tempFolder()));
    });
  }
});
