import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadEncoder } from "../runner/encoder.ts";
import { readSettings } from "../runner/settings.ts";

/* Our side of bench/encoding.ts, as bench/python/encode.py is the other: file of texts, batch size, file for the vectors, precision. */
const [textsFile = "", batchSize = "32", vectorsFile = "", precision = ""] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(textsFile, "utf8")) as string[];
const encoder = await loadEncoder(readSettings({ EMBEDDING_PRECISION: precision }).encoder);
await encoder.encode(texts.slice(0, 32), "passage");
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const some = texts.slice(0, Number(line));
  const started = performance.now();
  const before = process.cpuUsage();
  const vectors: Float32Array[] = [];
  for (let start = 0; start < some.length; start += Number(batchSize)) {
    const batch = await encoder.encode(some.slice(start, start + Number(batchSize)), "passage");
    vectors.push(...batch.map(({ vector }) => vector));
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  writeFileSync(vectorsFile, Buffer.concat(vectors.map((vector) => new Uint8Array(vector.buffer))));
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1000 }));
}
