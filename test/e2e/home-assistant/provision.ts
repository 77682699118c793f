/**
 * Home Assistant from PyPI on a Python from Debian, kept in the cache: about 1 GB for each version, once. All that an
 * integration needs is there before it starts, so that it fetches nothing.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { CACHE, cached } from "../debian.ts";
import { pipInstall, providePython } from "../python.ts";
import type { Version } from "./versions.ts";

/** Much faster than pip at finding versions that fit together, and it can look at a day of the past. */
const UV = "0.13.9";
/** With all that they depend on. */
const INTEGRATIONS = ["backup", "frontend", "history", "logbook", "mobile_app", "mqtt", "recorder", "stream", "tts"];

const run = promisify(execFile);
const Manifest = z.object({
  requirements: z.array(z.string()).default([]),
  dependencies: z.array(z.string()).default([]),
  after_dependencies: z.array(z.string()).default([]),
});
type Manifest = z.infer<typeof Manifest>;

/** The Python of an environment in which `-m homeassistant` runs. */
export async function provideHomeAssistant(version: Version): Promise<string> {
  const recipe = createHash("sha256")
    .update(JSON.stringify([version, INTEGRATIONS]))
    .digest("hex")
    .slice(0, 8);
  const environment = join(CACHE, "home-assistant", `${version.homeAssistant}-${recipe}`);
  await cached(environment, async (work) => {
    const made = join(work, "environment");
    await install(version, made);
    return made;
  });
  return join(environment, "bin/python");
}

async function install(version: Version, environment: string): Promise<void> {
  const python = await providePython(version.python, version.debian);
  const uv = await provideUv(python);
  const uvRun = (command: string, ...args: string[]) =>
    run(uv, [...command.split(" "), "--quiet", "--cache-dir", join(CACHE, "uv-cache"), ...args], { maxBuffer: 1e8 });
  await uvRun("venv", "--python", python, environment);
  const core = `homeassistant==${version.homeAssistant}`;
  const into = ["--python", join(environment, "bin/python"), "--only-binary", ":all:"];
  // Only this says what its integrations need.
  await uvRun("pip install", ...into, "--no-deps", core);
  const packages = join(environment, "lib", `python${version.python}`, "site-packages");
  const folder = join(packages, "homeassistant");
  await uvRun(
    "pip install",
    ...into,
    ...version.fromSource.flatMap((name) => ["--no-binary", name]),
    ...["--exclude-newer", version.before, "--constraints", join(folder, "package_constraints.txt")],
    core,
    ...requirements(join(folder, "components")),
  );
  for (const [module, name] of Object.entries(version.unspoken)) {
    await writeFile(join(packages, `${module}.py`), `${name} = None\n`);
  }
}

/** What the integrations ask for, with what they depend on, and what their code imports though they might do without. */
function requirements(components: string): string[] {
  const manifest = (name: string): Manifest => {
    const file = join(components, name, "manifest.json");
    return Manifest.parse(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
  };
  const seen = new Set<string>();
  const waiting = INTEGRATIONS.flatMap((name) => [name, ...manifest(name).after_dependencies]);
  for (const name of waiting) {
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...manifest(name).dependencies);
  }
  return [...new Set([...seen].flatMap((name) => manifest(name).requirements))];
}

async function provideUv(python: string): Promise<string> {
  const folder = join(CACHE, `uv-${UV}`);
  await cached(folder, async (work) => {
    const made = join(work, "uv");
    await pipInstall(python, made, `uv==${UV}`);
    return made;
  });
  return join(folder, "bin/uv");
}
