import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Failure } from "../runner/errors.ts";
import type { HttpSettings } from "../runner/settings.ts";

/** Who a caller may be: nobody that we know, somebody who reads, or somebody who operates this. */
export type Caller = "stranger" | "reader" | "operator";

/** Tells callers apart by `Authorization: Bearer …` or `X-API-Key`. Without API keys everybody is a reader. */
export function callerOf(http: Pick<HttpSettings, "keys" | "operatorKeys">): (request: FastifyRequest) => Caller {
  const readers = http.keys.map(digestOf);
  const operators = http.operatorKeys.map(digestOf);
  return (request) => {
    const key = keyOf(request);
    if (key !== undefined && holds(operators, key)) return "operator";
    return readers.length === 0 || (key !== undefined && holds(readers, key)) ? "reader" : "stranger";
  };
}

export function needsKey(): Failure {
  return new Failure(
    "PE161",
    "This needs a key, and the request has none that is let in.",
    "Send one of HTTP_API_KEYS: Authorization: Bearer …",
  );
}

export function needsOperator(http: Pick<HttpSettings, "operatorKeys">): Failure {
  return new Failure(
    "PE161",
    "This needs an operator's key, and the request has none that is let in.",
    http.operatorKeys.length === 0
      ? "There is none yet: set HTTP_OPERATOR_KEYS, such as to the output of: openssl rand -hex 16"
      : "Send one of HTTP_OPERATOR_KEYS: Authorization: Bearer …",
  );
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const own = headers["x-api-key"];
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1] ?? (typeof own === "string" ? own : undefined);
}

function digestOf(key: string): Buffer {
  return key.startsWith("sha256:") ? Buffer.from(key.slice("sha256:".length), "hex") : createHash("sha256").update(key).digest();
}

/* Digests are of one length and all are looked at, so that the time tells nothing. */
function holds(digests: readonly Buffer[], key: string): boolean {
  const given = createHash("sha256").update(key).digest();
  return digests.reduce((found, digest) => timingSafeEqual(digest, given) || found, false);
}
