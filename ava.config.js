/*
 * Without TEST_DATABASE_URL the suite runs on the embedded database. With it (a superuser's, on a
 * server with pgvector) the same suite runs there, and test/server with it: what only a server with
 * several connections can show.
 */
const onServer = process.env.TEST_DATABASE_URL !== undefined;

export default {
  extensions: { ts: "module" },
  nodeArguments: ["--import=tsx"],
  // onnxruntime-node cannot be loaded twice in one process.
  workerThreads: false,
  concurrency: 2,
  timeout: "3m",
  files: ["test/**/*.test.ts", ...(onServer ? [] : ["!test/server/**"])],
};
