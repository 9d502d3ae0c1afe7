import { createLog } from "../runner/log.ts";
import { withDatabase } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { startService } from "../service/listen.ts";
import { commandLine, main, untilSignal } from "./command.ts";

await main(async () => {
  commandLine("serve", "Serves search and a page over HTTP until it is stopped. SIGTERM and Ctrl-C let what runs finish.").parse();
  const settings = readSettings();
  const log = createLog(settings.logLevel);
  const signal = untilSignal();
  const serve = async (database: { url: string; embedded: boolean }) => {
    const service = await startService(database, settings, log);
    log.info({ url: service.url }, "service started");
    await signal;
    log.info("service stopping");
    await service.stop();
    log.info("service stopped");
  };
  // A server that is away when this starts is no other than one that goes away later: /ready says so.
  if (settings.database.kind === "server") await serve({ url: settings.database.url, embedded: false });
  else await withDatabase(settings, serve);
});
