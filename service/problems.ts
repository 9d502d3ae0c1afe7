import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { z } from "zod";
import { codeOf, Failure, type FailureCode } from "../runner/errors.ts";

/** Problem details as RFC 9457 has them; `code` and `hint` are those of docs/errors.md. */
export const problemSchema = z
  .object({
    type: z.string().describe("`urn:product-embeddings:` and the code, or `about:blank`"),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string().optional().describe("A code of docs/errors.md"),
    hint: z.string().optional().describe("What to do about it"),
    request_id: z.string().describe("As in the header x-request-id and in the log"),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

/** What every route may answer with as well. */
export const problemResponses = Object.fromEntries(
  [400, 401, 403, 404, 429, 503].map((status) => [
    status,
    { description: titles(status), content: { "application/problem+json": { schema: problemSchema } } },
  ]),
);

/** Makes a problem of everything that is thrown, and of what there is no route for. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error, request);
    const log = problem.status >= 500 && problem.code === undefined ? "error" : "info";
    // The message of what is unforeseen may hold anything, a query's text among it.
    const own = codeOf(error);
    const cause = own === problem.code ? undefined : own;
    request.log[log]({ code: problem.code ?? own, cause, status: problem.status, name: error.name }, "problem");
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new Failure("PE162", `There is no ${request.method} of this address.`, "GET /docs shows what there is.");
    return sendProblem(reply, { ...problemOf(error, request), status: 404, title: titles(404) });
  });
}

/** An address that Fastify itself cannot take apart, before it looks for a route: its own answer would repeat it. */
export function refuseAddress(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply.header("x-request-id", request.id), problemOf(noAddress(), request));
}

/**
 * Of a query string Fastify leaves what it cannot decode as it is.
 *
 * @throws Failure PE162 the address is not percent-encoded UTF-8
 */
export function requireAddress(address: string): void {
  try {
    decodeURIComponent(address);
  } catch {
    throw noAddress();
  }
}

function noAddress(): Failure {
  return new Failure("PE162", "The address is longer than any here, or not percent-encoded UTF-8.", "GET /docs shows what there is.");
}

export function sendProblem(reply: FastifyReply, problem: Problem & Record<string, unknown>): FastifyReply {
  if ((problem.status === 503 || problem.status === 429) && !reply.hasHeader("retry-after")) reply.header("retry-after", "1");
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  // As text, since no route's schema says what an error looks like.
  return reply.code(problem.status).type("application/problem+json").serializer(JSON.stringify).send(problem);
}

export function problemOf(thrown: unknown, request: FastifyRequest): Problem {
  const error = translated(thrown);
  const code = codeOf(error);
  const ours = code?.startsWith("PE") === true;
  const status = ours ? statusOf(code) : 500;
  const { hint } = error as { hint?: unknown };
  return {
    type: ours ? `urn:product-embeddings:${code}` : "about:blank",
    title: titles(status),
    status,
    detail: ours && error instanceof Error ? error.message : "Something unforeseen; the log has it under this request's id.",
    ...(ours ? { code } : {}),
    ...(ours && typeof hint === "string" ? { hint } : {}),
    request_id: request.id,
  };
}

/** Bytes of a request's address and headers together, at the most. */
export const headerLimit = 65_536;

/* Of what Node's parser cannot read: status, its name in HTTP, sentence, hint. */
const unreadable: Record<string, [status: number, reason: string, detail: string, hint: string]> = {
  HPE_HEADER_OVERFLOW: [
    431,
    "Request Header Fields Too Large",
    `The address and the headers are longer than ${headerLimit} bytes together.`,
    "Ask for less at once; a letter that is not Latin is six bytes or more in an address.",
  ],
  HPE_INVALID_METHOD: [
    400,
    "Bad Request",
    "The request begins with no method of HTTP.",
    "GET /docs shows what there is; TLS is the proxy's.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout", "The request did not arrive in time.", "Send it at once and whole."],
};

/** What is no HTTP, or an address with letters that are not percent-encoded, never becomes a request. */
export function refuseUnreadable(this: FastifyInstance, error: Error, socket: Socket): void {
  if (!socket.writable) return;
  const id = randomUUID();
  const [status, reason, detail, hint] = unreadable[codeOf(error) ?? ""] ?? [
    400,
    "Bad Request",
    "The request is no HTTP.",
    "An address is percent-encoded: curl -G --data-urlencode 'query=…'",
  ];
  const body = JSON.stringify({
    type: "urn:product-embeddings:PE162",
    title: titles(status),
    status,
    detail,
    code: "PE162",
    hint,
    request_id: id,
  } satisfies Problem);
  this.log.info({ reqId: id, code: "PE162", cause: codeOf(error), status }, "problem");
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** True when the sentence is about the database and not about the request: it may be right a second later. */
export function isDatabaseProblem(error: unknown): boolean {
  const code = codeOf(translated(error));
  return code !== undefined && statusOf(code) === 503;
}

function statusOf(code: string): number {
  return statuses[code as FailureCode] ?? 503;
}

/* What is not here is about the database or the deployment, and no fault of who asks: 503. */
const statuses: Partial<Record<string, number>> = {
  PE010: 400,
  PE014: 400,
  PE015: 400,
  PE016: 400,
  PE017: 404,
  PE018: 400,
  PE019: 400,
  PE027: 400,
  PE161: 401,
  PE162: 400,
  PE163: 429,
  PE167: 403,
};

function titles(status: number): string {
  const names: Record<number, string> = {
    400: "The request cannot be answered as it is",
    401: "A key is needed",
    403: "This is not allowed",
    404: "There is no such thing",
    408: "The request came too slowly",
    429: "Too many requests",
    431: "The request is too long",
    500: "Something unforeseen",
    503: "Not now",
  };
  return names[status] ?? "Something unforeseen";
}

/** What Fastify, its plugins, the driver and PostgreSQL throw, in our words. */
function translated(error: unknown): unknown {
  if (error instanceof Failure) return error;
  const code = codeOf(error) ?? "";
  const { statusCode, message = "" } = error as { statusCode?: number; message?: string };
  const cause = { cause: error };
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const where = first?.instancePath.replace(/^\//, "").replaceAll("/", ".") || "The request";
    return new Failure("PE162", `${where}: ${first?.message ?? "it is not valid"}.`, "GET /docs shows what it takes.", cause);
  }
  if (code === "57014") {
    return new Failure(
      "PE165",
      "The answer took too long.",
      "Ask for less, or raise HTTP_TIMEOUT_MS; npm run status says whether an index is missing.",
      cause,
    );
  }
  if (statusCode === 429) {
    return new Failure(
      "PE163",
      "That were too many requests in a minute.",
      "Wait as long as Retry-After says; HTTP_RATE_LIMIT sets how many there may be.",
      cause,
    );
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const hint =
      statusCode === 413 ? "Ask for less at once; HTTP_BODY_LIMIT sets how many bytes there may be." : "GET /docs shows what it takes.";
    return new Failure("PE162", `The request cannot be read: ${lowered(message)}.`, hint, cause);
  }
  if (code.startsWith("22")) {
    return new Failure(
      "PE162",
      "The request holds a character or a number that the database cannot hold.",
      "GET /docs shows what it takes.",
      cause,
    );
  }
  if (code === "42501") {
    return new Failure(
      "PE167",
      "The service's login may not do this.",
      "A DBA gives it the group: grant product_embeddings_operator to the login; (sql/dba.sql)",
      cause,
    );
  }
  if (code === "3F000" || code === "42P01" || code === "42883") {
    return new Failure("PE103", "The database is not migrated, or for another PGVECTOR_SCHEMA.", "npm run migrate", cause);
  }
  if (code === "25006") {
    return new Failure("PE102", "The database can only be read.", "Ask an instance of the service that has the primary.", cause);
  }
  if (/^(53(?!300)|58030)/.test(code)) {
    return new Failure("PE102", "The database has no room.", "Make room on its disk: the server's log says where.", cause);
  }
  if (isConnectionCode(code)) {
    return new Failure(
      "PE102",
      "The database cannot be reached.",
      "Try again in a moment; if it lasts, check the connection variables: npm run status",
      cause,
    );
  }
  return error;
}

/* The driver's and the system's names for a server that is away, and PostgreSQL's for one that starts, stops or is full. */
function isConnectionCode(code: string): boolean {
  return (
    /^(ECONN|ENOTFOUND|EHOST|ENET|ETIMEDOUT|EPIPE|EAI_|CONNECT|CONNECTION_|08|57P0)/.test(code) ||
    code === "53300" ||
    code.startsWith("28") ||
    code === "3D000"
  );
}

function lowered(message: string): string {
  return (message.charAt(0).toLowerCase() + message.slice(1)).replace(/\.$/, "");
}
