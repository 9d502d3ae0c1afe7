import { examine } from "../runner/doctor.ts";
import { commandLine, main } from "./command.ts";
import { findingTable } from "./table.ts";

await main(async () => {
  const { json } = commandLine(
    "doctor",
    "Looks at settings, model, database, rights, triggers, workers and jobs, and says what to do about what is wrong. Exits with 1 when something is an error, with 0 when nothing is or there are warnings only.",
  )
    .option("--json", "print the findings as JSON")
    .parse()
    .opts<{ json?: boolean }>();
  const findings = await examine();
  const errors = findings.filter(({ state }) => state === "error").length;
  const warnings = findings.filter(({ state }) => state === "warning").length;
  if (json) console.log(JSON.stringify({ errors, warnings, findings }));
  else {
    console.log(findingTable(findings));
    console.log(errors + warnings === 0 ? "Nothing is wrong." : `Errors: ${errors}, warnings: ${warnings}.`);
  }
  if (errors > 0) process.exitCode = 1;
});
