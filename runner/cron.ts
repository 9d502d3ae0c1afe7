import { type ParsedCronItem, parseCronItems } from "graphile-worker";
import { Failure } from "./errors.ts";
import type { Settings } from "./settings.ts";

/**
 * One attempt, since the next one is due anyway; and one job, however many are due while the worker is busy.
 *
 * @throws Failure PE100 it is not a cron pattern
 */
export function cronItem(task: string, match: string | undefined, variable = ""): ParsedCronItem[] {
  if (match === undefined) return [];
  try {
    return parseCronItems([{ task, match, options: { maxAttempts: 1, jobKey: task, jobKeyMode: "preserve_run_at" } }]);
  } catch (error) {
    throw new Failure(
      "PE100",
      `${variable}=${match} is not a cron pattern.`,
      'Five fields in UTC: minute, hour, day, month, weekday, such as "*/5 * * * *"; or off.',
      { cause: error },
    );
  }
}

/** @throws Failure PE100 a cron pattern of the settings is not one */
export function settingsCronItems({ cron }: Pick<Settings, "cron">): ParsedCronItem[] {
  return [...cronItem("reconcile", cron.reconcile, "RECONCILE_CRON"), ...cronItem("full_pass", cron.fullPass, "FULL_PASS_CRON")];
}
