# The official image by exact version: the glibc build that the lockfile's packages expect (so no Alpine), and the same
# Node that `npm start` uses on a developer's machine.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional dependencies are Node itself, which the base image brings.
RUN npm ci --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY schema ./schema
COPY src ./src

# PORT is set, not left to its default, because it overrides a configuration file: the health check always knows it.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
EXPOSE 4000

# The user `node` of the base image, by number, so that a cluster can see that it is not root.
USER 1000:1000

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Node is the first process and gets SIGTERM itself; there is no npm or shell in between to swallow it.
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
