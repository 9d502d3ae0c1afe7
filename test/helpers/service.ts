import type { Sql } from "../../runner/database.ts";
import { createLog } from "../../runner/log.ts";
import { type HttpSettings, readSettings } from "../../runner/settings.ts";
import { createService, type Service } from "../../service/app.ts";

/** The service over a database, to be asked by `app.inject()`; variables as in docs/settings.md. */
export function service(sql: Sql, variables: Record<string, string> = {}, log = createLog("silent")): Promise<Service> {
  return createService(sql, "analytics_features", httpSettings(variables), log, { embedded: process.env.TEST_DATABASE_URL === undefined });
}

function httpSettings(variables: Record<string, string> = {}): HttpSettings {
  return readSettings(variables).http;
}
