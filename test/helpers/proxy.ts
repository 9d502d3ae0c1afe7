import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Proxy {
  url: string;
  close(): Promise<void>;
}

/**
 * What stands in front of two services: asks each for /ready, hands requests to those that are, and a request
 * that met a closed door, with nothing answered yet, to the next one, as nginx does by default.
 */
export async function startProxy(backends: readonly string[]): Promise<Proxy> {
  const ready = new Set<string>();
  const probe = async () => {
    for (const backend of backends) {
      const ok = await fetch(`${backend}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ok) ready.add(backend);
      else ready.delete(backend);
    }
  };
  await probe();
  const timer = setInterval(probe, 50);
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const order = backends.filter((backend) => ready.has(backend));
    const start = turn++;
    const attempt = (tries: number) => {
      const backend = order[(start + tries) % Math.max(order.length, 1)];
      if (backend === undefined || tries > 1) {
        outgoing.writeHead(502).end();
        return;
      }
      const onward = request(`${backend}${incoming.url}`, { headers: incoming.headers });
      onward.on("response", (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on("error", () => outgoing.destroy());
      });
      onward.on("error", () => {
        if (outgoing.headersSent) outgoing.destroy();
        else attempt(tries + 1);
      });
      onward.end();
    };
    attempt(0);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
