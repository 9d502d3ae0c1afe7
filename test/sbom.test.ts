import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { root } from "../runner/settings.ts";

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const lock = json(readFileSync(join(root, "package-lock.json"), "utf8")).packages as Record<
  string,
  { name?: string; version: string; dev?: boolean; devOptional?: boolean; license?: string }
>;
const docs = readFileSync(join(root, "docs/security.md"), "utf8");
const packages = Object.entries(lock).filter(([path]) => path !== "");

test("npm run sbom lists every package of the lock, with where it is from and a sum", (t) => {
  const output = execFileSync("npm", ["run", "-s", "sbom"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1e8,
    env: { ...process.env, NO_UPDATE_NOTIFIER: "1" },
  });
  const bill = json(output) as { bomFormat: string; components: { name: string; version: string; purl: string; hashes?: unknown[] }[] };
  t.is(bill.bomFormat, "CycloneDX");
  const named = packages.map(([path, { name, version }]) => `${name ?? path.replace(/.*node_modules\//, "")}@${version}`);
  t.true(named.length > 150);
  t.deepEqual([...new Set(bill.components.map(({ name, version }) => `${name}@${version}`))].sort(), [...new Set(named)].sort());
  for (const { name, purl, hashes } of bill.components) {
    t.regex(purl, /^pkg:npm\//, name);
    t.true((hashes ?? []).length > 0, name);
  }
});

test("every licence of what runs outside of development, and each bundled model's, is in docs/security.md", (t) => {
  for (const [path, { license }] of packages.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true))
    t.true(docs.includes(`\`${license}\``), `${path}: ${license}`);
  for (const maker of readdirSync(join(root, "models"))) {
    for (const model of readdirSync(join(root, "models", maker))) t.true(docs.includes(`models/${maker}/${model}`), model);
  }
});
