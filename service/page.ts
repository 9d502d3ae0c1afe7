import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { build } from "esbuild";
import type { FastifyPluginAsync } from "fastify";
import { root } from "../runner/settings.ts";

export interface PageFile {
  body: Buffer;
  type: string;
}

let built: Promise<Map<string, PageFile>> | undefined;

/**
 * The page's files by name, bundled from `page/` once a process: a tenth of a second, and no step in between
 * that somebody could forget.
 */
export function buildPage(): Promise<Map<string, PageFile>> {
  built ??= bundle();
  return built;
}

/** The page at / and what it is made of below /assets/, where each name holds the hash of its contents. */
export const pageRoutes: FastifyPluginAsync = async (app) => {
  const files = await buildPage();
  const options = { config: { open: true, rateLimit: false as const }, schema: { hide: true } };
  app.get("/", options, async (_request, reply) => {
    const index = files.get("index.html");
    return reply.type("text/html; charset=utf-8").header("cache-control", "no-cache").send(index?.body);
  });
  app.get<{ Params: { name: string } }>("/assets/:name", options, async (request, reply) => {
    const file = files.get(request.params.name);
    // The page itself has no hash in its name, and another one the day after.
    if (file === undefined || file === files.get("index.html")) return reply.callNotFound();
    return reply.type(file.type).header("cache-control", "public, max-age=31536000, immutable").send(file.body);
  });
};

async function bundle(): Promise<Map<string, PageFile>> {
  const folder = join(root, "page");
  const { outputFiles, metafile } = await build({
    entryPoints: [join(folder, "main.ts"), join(folder, "style.css")],
    outdir: join(root, "page/built"),
    bundle: true,
    // The map's chart is fetched by who looks at the map.
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    metafile: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    legalComments: "eof",
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const types: Record<string, string> = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };
  const files = new Map<string, PageFile>(
    outputFiles.map(({ path, contents }) => [basename(path), { body: Buffer.from(contents), type: types[extname(path)] ?? "text/plain" }]),
  );
  const icon = readFileSync(join(folder, "icon.svg"));
  const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
  files.set(iconName, { body: icon, type: "image/svg+xml" });
  const nameOf = (entry: string) =>
    basename(Object.entries(metafile.outputs).find(([, output]) => output.entryPoint?.endsWith(entry) === true)?.[0] ?? "");
  const html = readFileSync(join(folder, "index.html"), "utf8")
    .replace("main.ts", nameOf("main.ts"))
    .replace("style.css", nameOf("style.css"))
    .replace("icon.svg", iconName);
  files.set("index.html", { body: Buffer.from(html), type: "text/html; charset=utf-8" });
  return files;
}
