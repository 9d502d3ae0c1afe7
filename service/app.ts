import { randomUUID } from "node:crypto";
import compress from "@fastify/compress";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import underPressure from "@fastify/under-pressure";
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, LogController } from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Logger } from "pino";
import type { Sql } from "../runner/database.ts";
import { Failure } from "../runner/errors.ts";
import type { HttpSettings } from "../runner/settings.ts";
import type { ServiceContext } from "./context.ts";
import { Gate } from "./gate.ts";
import { exactJson } from "./json.ts";
import { callerOf, needsKey, needsOperator } from "./keys.ts";
import { createMetrics } from "./metrics.ts";
import { pageRoutes } from "./page.ts";
import { answerWithProblems, headerLimit, refuseAddress, refuseUnreadable, requireAddress } from "./problems.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { searchRoutes } from "./routes/search.ts";
import { statusRoutes } from "./routes/status.ts";
import { StatusLook } from "./status.ts";
import { VectorWaits } from "./vectors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered without a key. */
    open?: boolean;
  }
  interface FastifyRequest {
    /** Ends what is done for a request when its time is over or the client has gone. */
    end: AbortSignal;
    /** The query string before its validation, which leaves out `__proto__` without a word. */
    given: Readonly<Record<string, unknown>>;
  }
}

export interface Service {
  app: FastifyInstance;
  context: ServiceContext;
}

/** The service over a database, not listening yet. Of the database it needs what a reader has. */
export async function createService(
  sql: Sql,
  schema: string,
  http: HttpSettings,
  log: Logger,
  options: { embedded: boolean },
): Promise<Service> {
  const status = new StatusLook(sql, schema);
  const gate = new Gate(sql, schema, http, options);
  const vectors = new VectorWaits(sql, schema, http.maxWaiting, status);
  const metrics = createMetrics(status, gate, () => vectors);
  const callerIs = callerOf(http);
  const context: ServiceContext = {
    http,
    log,
    gate,
    status,
    vectors,
    metrics,
    draining: false,
    requireOperator: (request) => {
      if (callerIs(request) !== "operator") throw needsOperator(http);
    },
  };

  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    // Its own lines hold the address, and with it what somebody searched for.
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: refuseAddress,
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
    },
    // One hop: the entry that the proxy itself wrote. Those before it are the client's to make up.
    trustProxy: http.trustProxy ? (_address: string, hop: number) => hop === 0 : false,
    bodyLimit: http.bodyLimit,
    // A query of 4,000 characters is 36 kB when it is percent-encoded; Node's own limit is 16.
    http: { maxHeaderSize: headerLimit },
    requestTimeout: 30_000,
    // What came before the end is answered; Connection: close sends the next one elsewhere.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 100 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerWithProblems(app);

  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    try {
      parseJson(request, exactJson(body), done);
    } catch (error) {
      done(error as Error);
    }
  });

  app.decorateRequest("end");
  app.decorateRequest("given");
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    // What is asked with a key is nobody else's, and old a second later; what may be kept says so itself.
    reply.header("cache-control", "no-store");
    if (context.draining) reply.header("connection", "close");
    request.end = endOf(reply, http.timeout);
    requireAddress(request.url);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? "none";
    metrics.requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    request.log.info({ method, route, status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime) }, "answered");
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        styleSrc: ["'self'"],
        // Plain HTTP behind a proxy, or on this machine, is the rule here.
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
  if (http.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: http.corsOrigins.includes("*") ? "*" : [...http.corsOrigins],
      exposedHeaders: ["x-request-id", "retry-after"],
      // An OPTIONS that no browser sends is otherwise refused in plain text, and is no problem of ours.
      strictPreflight: false,
    });
  }
  if (http.rateLimit !== undefined) await app.register(rateLimit, { max: http.rateLimit, timeWindow: "1 minute" });
  await app.register(underPressure, {
    maxEventLoopDelay: 1000,
    retryAfter: 1,
    pressureHandler: (request) => {
      if (request.routeOptions.config.open === true || request.routeOptions.url === "/metrics") return;
      throw new Failure("PE164", "The service has more to do than it can.", "Try again in a second; run another one beside it.");
    },
  });
  await app.register(compress, { global: true, threshold: 1024 });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "product-embeddings",
        description: "Products, searched by words and by meaning. Every error is a problem (RFC 9457) with a code of docs/errors.md.",
        version: "1",
      },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
    },
    // What asks for a key in any case says so itself.
    transform: (given) => {
      const { schema, url } = jsonSchemaTransform(given);
      const security = http.keys.length === 0 || given.route.config?.open === true ? [] : [{ key: [] }];
      return { schema: { security, ...schema }, url };
    },
    transformObject: jsonSchemaTransformObject,
  });
  // The viewer is open: it shows what there is to ask, and no answer.
  await app.register(async (open) => {
    open.addHook("onRoute", (route) => {
      route.config = { ...route.config, open: true };
    });
    await open.register(swaggerUi, {
      routePrefix: "/docs",
      staticCSP: true,
      // The viewer styles its parts inline; and over plain HTTP, from another machine, it would be empty if it asked for TLS.
      transformStaticCSP: (header) =>
        header.replace(/style-src [^;]*/, "style-src 'self' 'unsafe-inline'").replace(/; *upgrade-insecure-requests/, ""),
    });
    open.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  });

  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.open === true || request.is404) return;
    if (callerIs(request) === "stranger") throw needsKey();
  });
  await app.register(searchRoutes(context));
  await app.register(statusRoutes(context));
  await app.register(operatorRoutes(context));
  await app.register(pageRoutes);
  await app.ready();
  return { app, context };
}

/* Fastify's own signal and handlerTimeout end a request with its body, which is when a POST begins. */
function endOf(reply: FastifyReply, milliseconds: number): AbortSignal {
  const ending = new AbortController();
  const tooLong = () =>
    new Failure(
      "PE165",
      "The answer took too long.",
      "Ask for less, or raise HTTP_TIMEOUT_MS; npm run status says whether an index is missing.",
    );
  const timer = setTimeout(() => ending.abort(tooLong()), milliseconds);
  reply.raw.once("close", () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) ending.abort(tooLong());
  });
  return ending.signal;
}
