/** Compiles lib and nodes to dist/ and lays html, locales and icons beside the emitted nodes, where Node-RED looks. */
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = import.meta.dirname;
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
cpSync(join(root, "nodes"), join(dist, "nodes"), {
  recursive: true,
  filter: (source) => !source.endsWith(".ts"),
});
cpSync(join(root, "icons"), join(dist, "nodes/icons"), { recursive: true });
