import { createLog } from "../runner/log.ts";
import { attach } from "../runner/migrate.ts";
import { withDatabase, withModels } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { startWorker } from "../tasks/worker.ts";
import { commandLine, main, untilSignal } from "./command.ts";

await main(async () => {
  commandLine("worker", "Keeps the vectors true until it is stopped. SIGTERM and Ctrl-C let the batch at work finish.").parse();
  const settings = readSettings();
  const log = createLog(settings.logLevel);
  const signal = untilSignal();

  await withDatabase(
    settings,
    (database) =>
      withModels(database, settings, async (context) => {
        const { sourceExists, attached, queued } = await attach(database.sql, settings);
        if (!sourceExists) log.warn("The source does not exist yet; the worker waits for it.");
        else if (!attached) log.warn("The triggers are not attached: the source belongs to another role, who has to run attach().");
        const worker = await startWorker(database, context, settings, log);
        try {
          log.info({ worker: context.worker, model: (await context.models.active()).encoder.model.name, queued }, "worker started");
          await Promise.race([signal, worker.ended]);
          log.info("worker stopping");
        } finally {
          await worker.stop();
        }
        log.info("worker stopped");
      }),
    { watched: true },
  );
});
