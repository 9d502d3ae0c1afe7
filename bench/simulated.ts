import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Encoder } from "../runner/encoder.ts";

/**
 * No model: a vector is made of the text's hash, and a text takes so many milliseconds in which nothing is computed. For what the
 * database does at a scale that a real model would take days for, or with more workers than there are
 * cores. Search by such vectors finds nothing that is alike.
 */
export function simulatedEncoder(millisecondsPerText: number): Encoder {
  return {
    model: {
      name: "simulated",
      revision: "r1",
      precision: "none",
      dimension: 384,
      pooling: "mean",
      maxTokens: 256,
      queryPrefix: "",
      passagePrefix: "",
    },
    encode: async (texts) => {
      if (millisecondsPerText > 0) await setTimeout(texts.length * millisecondsPerText);
      return texts.map((text) => ({ vector: vectorOf(text), tokens: 10 }));
    },
    spelledOut: () => 0,
    close: async () => {},
  };
}

/** Of unit length, the same for the same text. */
function vectorOf(text: string): Float32Array {
  let state = createHash("sha256").update(text).digest().readUInt32LE();
  const vector = Float32Array.from({ length: 384 }, () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32 - 0.5;
  });
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
