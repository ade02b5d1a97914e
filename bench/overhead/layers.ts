import type { RequestListener } from 'node:http';
import { execute, parse, type DocumentNode } from 'graphql';
import { createApp } from '../../src/app.ts';
import { schema } from '../../src/graphql/schema.ts';
import { createLoaders } from '../../src/jobs/loaders.ts';
import type { Job } from '../../src/jobs/origins.ts';
import { toPageRequest } from '../../src/jobs/page-arguments.ts';
import { type JobPage, listSource } from '../../src/jobs/source-listing.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { wireOrigins } from '../../src/wiring.ts';
import { benchConfig } from './config.ts';
import { readBody } from './read-body.ts';

const LIMITS = { defaultPageSize: 20, maxPageSize: 500, maxNodeIds: 500 };

function scopeNow(): { signal: AbortSignal; deadlineMs: number } {
  return { signal: new AbortController().signal, deadlineMs: Date.now() + 10_000 };
}

function answering(answer: (body: { query: string }) => Promise<unknown>): RequestListener {
  return (incoming, outgoing) => {
    void (async () => {
      const text = JSON.stringify(await answer(JSON.parse(await readBody(incoming)) as { query: string }));
      outgoing
        .writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(text),
        })
        .end(text);
    })();
  };
}

/** The sources below the graph: onion, paging, cursors. */
export function onionServer(upstreams: string): RequestListener {
  const { origins } = wireOrigins(benchConfig(upstreams), systemClock);
  const page = toPageRequest({ first: 10 }, LIMITS);
  const noFilter = {
    jobIds: null,
    names: null,
    states: null,
    zones: null,
    tagKeys: null,
    tagValues: null,
    tags: null,
  };
  return answering(async () => {
    const scope = scopeNow();
    const [cosJobs, batchComputeJobs, ciJobs] = await Promise.all([
      listSource('cosJobs', origins.cos({}), { status: null }, page, scope),
      listSource('batchComputeJobs', origins.batchCompute({}), noFilter, page, scope),
      listSource(
        'ciJobs',
        origins.ci({}),
        {
          type: null,
          states: null,
          name: null,
          workflowId: null,
          jobId: null,
          createdAfter: null,
          createdBefore: null,
          order: 'NEWEST_FIRST',
        },
        page,
        scope,
      ),
    ]);
    return {
      data: { cosJobs: shown(cosJobs), batchComputeJobs: shown(batchComputeJobs), ciJobs: shown(ciJobs) },
    };
  });
}

function shown({ edges }: JobPage<Job>): unknown {
  return {
    nodes: edges.map(({ node: { jobId, status, name, description, createdAt } }) => ({
      jobId,
      status,
      displayName: name ?? description ?? jobId,
      createdAt,
    })),
  };
}

/** With graphql-js; the document is parsed once, as Yoga's cache does. */
export function executeServer(upstreams: string): RequestListener {
  const { origins } = wireOrigins(benchConfig(upstreams), systemClock);
  const documents = new Map<string, DocumentNode>();
  return answering(async ({ query }) => {
    const document = documents.get(query) ?? parse(query);
    documents.set(query, document);
    const scope = scopeNow();
    const contextValue = { origins, scope, loaders: createLoaders(origins, scope), limits: LIMITS };
    return execute({ schema, document, contextValue });
  });
}

/** As it is served. */
export function gatewayServer(upstreams: string): RequestListener {
  return createApp(benchConfig(upstreams)).listener;
}
