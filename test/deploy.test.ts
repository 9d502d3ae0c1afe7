import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { root } from "../runner/settings.ts";

test("the password of compose's logins is on no command line", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-test-"));
  // In psql's place: what it was called with.
  writeFileSync(join(folder, "psql"), `#!/bin/sh\necho "$@" >> ${folder}/called\ncat > /dev/null\n`, { mode: 0o755 });
  execFileSync("bash", [join(root, "deploy/compose/logins.sh")], {
    env: { PATH: `${folder}:${process.env.PATH}`, LOGIN_PASSWORD: "a-secret", POSTGRES_DB: "postgres" },
    input: "",
  });
  const called = readFileSync(join(folder, "called"), "utf8");
  rmSync(folder, { recursive: true });
  t.is(called.trim().split("\n").length, 2);
  t.notRegex(called, /a-secret/);
});

test("an address in the docs has no letter that curl would send as it is, which is refused", (t) => {
  for (const name of ["README.md", ...readdirSync(join(root, "docs")).map((page) => `docs/${page}`)].filter((file) =>
    file.endsWith(".md"),
  )) {
    t.notRegex(readFileSync(join(root, name), "utf8"), /(localhost|127\.0\.0\.1):\d+\/\S*[^\s!-~]/, name);
  }
});

test("cron has the settings from where the units have them", (t) => {
  const read = (name: string) => readFileSync(join(root, "deploy", name), "utf8");
  const [, file = ""] = /^ENV_FILE=(.+)$/m.exec(read("cron/product-embeddings")) ?? [];
  t.true(read("systemd/product-embeddings-embed.service").includes(`\nEnvironmentFile=${file}\n`), file);
});
