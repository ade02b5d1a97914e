# The official image by exact version: the glibc build that the lockfile's packages expect (so no Alpine), and the same
# Node that `npm start` uses on a developer's machine.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional dependencies are Node itself, which the base image brings. No package runs a script of its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="jobs-gateway" \
      org.opencontainers.image.description="One GraphQL graph over the long-running jobs of Tencent Cloud" \
      org.opencontainers.image.version="0.1.0"
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY schema ./schema
COPY src ./src

# PORT is set, not left to its default, because it overrides a configuration file: the health check always knows it.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
EXPOSE 4000

# The user `node` of the base image, by number, so that a cluster can see that it is not root. It owns nothing here, and
# nothing is written: the root file system may be read-only.
USER 1000:1000

# Whether the process lives. Whether it takes traffic is another question, /ready's, which a balancer asks.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Node is the first process and gets the signal itself; there is no npm or shell in between to swallow it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
