import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import anyTest from "ava";
import { root } from "../../runner/settings.ts";
import { run, start } from "../helpers/command.ts";
import { useDatabase } from "../helpers/database.ts";
import { createSample, until } from "../helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
const key = "an-operators-key-1";

/** From .ci/install-checks. */
const schemathesis = process.env.SCHEMATHESIS ?? join(root, ".cache/checks/bin/schemathesis");

test("what schemathesis makes of the service's description is answered as described, and never with a 500", async (t) => {
  t.true(existsSync(schemathesis), ".ci/install-checks brings schemathesis");
  await createSample(db.sql);
  t.is((await run("migrate", [], db.env)).code, 0);
  t.is((await run("embed", [], db.env)).code, 0);
  const served = start("serve", [], { ...db.env, HTTP_PORT: "0", HTTP_WAIT_MS: "0", HTTP_OPERATOR_KEYS: key, LOG_LEVEL: "info" });
  await until(async () => /http:\/\/127\.0\.0\.1:\d+/.test(served.output()), `it listens: ${served.output()}`);
  const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(served.output()) ?? [];
  // It keeps what it found in the folder where it runs.
  const folder = mkdtempSync(join(tmpdir(), "product-embeddings-openapi-"));
  const asked = await promisify(execFile)(
    schemathesis,
    [
      ...["run", `${url}/openapi.json`, "--url", url, "--phases", "coverage,fuzzing", "--max-examples", "30", "--seed", "1"],
      ...["--continue-on-failure", "--warnings", "off", "--no-color", "-H", `Authorization: Bearer ${key}`],
      // A method that there is not is a 404 here; and of a filter the description cannot say which columns there are.
      ...["--exclude-checks", "unsupported_method,positive_data_acceptance"],
    ],
    { cwd: folder, maxBuffer: 1e8 },
  ).catch((error: { stdout?: string; stderr?: string }) => ({ stdout: `${error.stdout}${error.stderr}`, failed: true }));
  rmSync(folder, { recursive: true });
  served.process.kill("SIGTERM");
  t.is((await served.ended).code, 0, served.output());
  t.false("failed" in asked, asked.stdout);
  t.regex(asked.stdout, /Tested: 10\b/);
  t.notRegex(served.output(), /"level":50/);
});
