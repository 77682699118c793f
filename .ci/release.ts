/** `npm run release -- 1.2.3`: makes a release of what is on main, up to the tag. Publishing it stays a person's decision. */
import { readFileSync, writeFileSync } from "node:fs";
import { execa } from "execa";

const [version = ""] = process.argv.slice(2);
const tag = `v${version}`;
const heading = `## ${version} (unreleased)`;
const say = (line: string) => process.stdout.write(`${line}\n`);
const run = execa({ stdio: "inherit" });
const ask = async (command: string, ...args: string[]) => (await execa(command, args)).stdout;

const problem = await obstacle();
if (problem !== null) stop(problem);
say("The gate:");
if ((await run({ reject: false })`.ci/run`).exitCode !== 0) stop("The gate has failed: nothing was changed");
const today = new Date().toISOString().slice(0, 10);
writeFileSync("CHANGELOG.md", readFileSync("CHANGELOG.md", "utf8").replace(heading, `## ${version} (${today})`));
await run("npm", ["version", version, "--no-git-tag-version", "--allow-same-version"]);
say("What would be published:");
await run("npm", ["pack", "--dry-run"]);
await run("git", ["commit", "--quiet", "--all", "--message", `Release ${version}`]);
await run("git", ["tag", "--annotate", tag, "--message", `Release ${version}`]);
say(`Tagged ${tag}. To publish it: git push --follow-tags && npm publish`);

/** Why there can be no release; null where there can. */
async function obstacle(): Promise<string | null> {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return "Say which version to release: npm run release -- 1.2.3";
  if ((await ask("git", "branch", "--show-current")) !== "main") return "Releases are made of main: git switch main";
  if ((await ask("git", "status", "--porcelain")) !== "") return "Commit or put away what is changed first";
  if ((await ask("git", "tag", "--list", tag)) !== "") return `${tag} is there already: take the next version`;
  if (!readFileSync("CHANGELOG.md", "utf8").split("\n").includes(heading)) {
    return `CHANGELOG.md has no heading "${heading}": write down what changed below one`;
  }
  return null;
}

function stop(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
