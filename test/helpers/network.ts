import { connect, createServer, type Socket } from "node:net";

export interface Network {
  /** The URL with this in between. */
  url(of: string): string;
  /** Milliseconds by which each piece is late, in both directions. */
  delay: number;
  /**
   * Taken: what is sent is swallowed, and no end says so: a firewall that forgot its connections. Those that exist
   * stay so for good, as they would; new ones go through again once it is set back.
   */
  swallow(on: boolean): void;
  /** Ends all connections at once. */
  drop(): void;
  /** Refuses new connections and ends the others, or takes them again. */
  cut(on: boolean): void;
  /** Connections at the moment. */
  connections(): number;
  close(): Promise<void>;
}

/** A network between a client and the server of `url` that can be made slow, silent, or cut. */
export async function startNetwork(url: string): Promise<Network> {
  const { hostname, port } = new URL(url);
  const pairs = new Set<{ inner: Socket; outer: Socket; isDead: boolean }>();
  let isSwallowing = false;
  let isCut = false;
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    if (isCut) {
      outer.resetAndDestroy();
      return;
    }
    const inner = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const pair = { inner, outer, isDead: isSwallowing };
    pairs.add(pair);
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      const later = (what: () => void) => {
        if (pair.isDead) return;
        if (network.delay === 0) what();
        else setTimeout(() => !pair.isDead && what(), network.delay);
      };
      from.on("data", (data: Buffer) => later(() => to.write(data)));
      from.on("end", () => later(() => to.end()));
      from.on("error", () => later(() => to.destroy()));
      from.on("close", () => {
        later(() => to.destroy());
        if (outer.destroyed) pairs.delete(pair);
      });
    }
  });
  const network: Network = {
    url: (of) => {
      const through = new URL(of);
      through.hostname = "127.0.0.1";
      through.port = String((server.address() as { port: number }).port);
      return through.href;
    },
    delay: 0,
    swallow: (on) => {
      isSwallowing = on;
      if (on) for (const pair of pairs) pair.isDead = true;
    },
    drop: () => {
      for (const { inner, outer } of pairs) {
        outer.resetAndDestroy();
        inner.resetAndDestroy();
      }
    },
    cut: (on) => {
      isCut = on;
      if (on) network.drop();
    },
    connections: () => pairs.size,
    close: async () => {
      network.drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return network;
}
