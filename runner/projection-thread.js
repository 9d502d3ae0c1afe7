import { parentPort, workerData } from "node:worker_threads";
import { UMAP } from "umap-js";

/*
 * JavaScript, because on Node 20 the loader for TypeScript does not reach a thread. Seeded (mulberry32), so
 * that the same vectors make the same map.
 */
let seed = 42;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const umap = new UMAP({ nComponents: 2, nNeighbors: Math.min(15, workerData.length - 1), minDist: 0.1, random });
parentPort?.postMessage(umap.fit(workerData).map(([x = 0, y = 0]) => ({ x, y })));
