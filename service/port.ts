import { once } from "node:events";
import { createServer } from "node:net";
import { codeOf, Failure } from "../runner/errors.ts";
import type { HttpSettings } from "../runner/settings.ts";

/**
 * Listens by `on` to the port of the settings, or where they name none and it is taken, to any.
 *
 * @throws Failure PE160 the port cannot be listened to
 */
export async function listen<T>(http: HttpSettings, on: (port: number) => Promise<T>): Promise<T> {
  try {
    return await on(http.port);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE" && !http.portIsFixed) return await on(0);
    const reason =
      codeOf(error) === "EADDRINUSE"
        ? "it is in use by another program"
        : codeOf(error) === "EACCES"
          ? "this user may not"
          : "there is no such address here";
    throw new Failure(
      "PE160",
      `The service cannot listen to port ${http.port} of ${http.host}: ${reason}.`,
      "Name another: HTTP_PORT=8081, HTTP_HOST=127.0.0.1",
      { cause: error },
    );
  }
}

/**
 * Whether the service could listen, for who has long to do before it does.
 *
 * @throws Failure PE160 the port cannot be listened to
 */
export async function requirePort(http: HttpSettings): Promise<void> {
  await listen(http, async (port) => {
    const server = createServer().listen(port, http.host);
    await once(server, "listening");
    server.close();
    await once(server, "close");
  });
}
