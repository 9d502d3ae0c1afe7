# One image for every command: migrate, worker, embed, serve, doctor. The model is inside, and nothing is
# fetched at run time.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY patches patches
# The model's runtime brings its libraries for other systems too: 63 MB that no container loads.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v3/darwin node_modules/onnxruntime-node/bin/napi-v3/win32

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
  ENV_FILE=/dev/null \
  EMBEDDING_MODEL_CACHE_DIR=/var/cache/product-embeddings
RUN install -d -o node -g node /var/cache/product-embeddings
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY . .
# The image's node, by number, as Kubernetes wants it. Nothing in the image is this user's, so it runs with a read-only file system and a writable /tmp.
USER 1000
EXPOSE 8080
# Node itself and not npm, so that SIGTERM reaches it. Another command, another health check: compose.yaml.
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=3 \
  CMD ["node", "--import", "tsx", "scripts/alive.ts"]
CMD ["node", "--import", "tsx", "scripts/worker.ts"]
