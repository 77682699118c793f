/** Links from page to page: the file that each names is in the repository, and the heading, by GitHub's anchor, is in it. */
import { deepEqual, ok } from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../package/manifest.ts";

const PAGES = globSync(["*.md", "docs/*.md", ".github/*.md"], { cwd: root });
const LINK = /\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g;

/** A page without its blocks of code. */
const proseOf = (page: string) => readFileSync(join(root, page), "utf8").replace(/^```.*?^```$/gms, "");

/** The targets of a page's links that lead to this repository. */
const linksOf = (page: string) =>
  [...proseOf(page).matchAll(LINK)]
    .map(([, written = "", html = ""]) => written || html)
    .filter((target) => !/^\w+:/.test(target));

const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function isDead(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(root, file))) return true;
  return anchor !== undefined && !anchorsOf(file).includes(anchor);
}

describe("the pages", () => {
  for (const page of PAGES) {
    it(`link in ${page} only to what is there`, () => {
      deepEqual(
        linksOf(page).filter((target) => isDead(page, target)),
        [],
      );
    });
  }

  it("link to each other", () => {
    ok(linksOf("README.md").includes("docs/nodes.md#rules"));
    ok(isDead("README.md", "docs/nodes.md#no-such-heading"));
    ok(isDead("docs/nodes.md", "no-such-page.md"));
  });
});
