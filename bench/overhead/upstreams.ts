import type { RequestListener } from 'node:http';
import { request } from 'undici';
import { createApp } from '../../src/app.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { benchConfig } from './config.ts';

/**
 * The three upstreams on one address, answering with bodies that the sandbox gave to this very query: written once and
 * replayed, so that their own cost does not limit the load. Nothing is verified here; the sandbox did that.
 */
export async function recordedUpstreams(): Promise<RequestListener> {
  const recorded = await record();
  return (incoming, outgoing) => {
    const source = sourceOf(incoming.headers.host ?? '');
    incoming.resume().on('end', () => {
      const { body, type } = recorded[source];
      outgoing.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
    });
  };
}

type SourceName = 'cos' | 'batchCompute' | 'ci';

function sourceOf(host: string): SourceName {
  return host.includes('.cos-control.') ? 'cos' : host.includes('.ci.') ? 'ci' : 'batchCompute';
}

/** Lets a gateway ask the sandbox through a relay that keeps the three answers. */
async function record(): Promise<Record<SourceName, { body: Buffer; type: string }>> {
  const { createServer } = await import('node:http');
  const sandbox = await startSandbox();
  const kept = new Map<string, { body: Buffer; type: string }>();
  const relay = createServer((incoming, outgoing) => {
    const source = sourceOf(incoming.headers.host ?? '');
    void (async () => {
      const { method, url = '/', headers } = incoming;
      const body = incoming;
      const answer = await request(`${sandbox.endpoints[source]}${url}`, {
        method: method === 'POST' ? 'POST' : 'GET',
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'connection')),
        body: method === 'POST' ? body : null,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      const type = String(answer.headers['content-type']);
      kept.set(source, { body: bytes, type });
      outgoing.writeHead(answer.statusCode, { 'content-type': type }).end(bytes);
    })();
  });
  await new Promise<void>((resolve) => {
    relay.listen(0, '127.0.0.1', resolve);
  });
  const address = relay.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const app = createApp(benchConfig(`http://127.0.0.1:${port}`));
  const answer = await app.fetch(
    new Request('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query:
          '{ cosJobs(first: 10) { nodes { jobId } } batchComputeJobs(first: 10) { nodes { jobId } } ciJobs(first: 10) { nodes { jobId } } }',
      }),
    }),
  );
  await answer.text();
  await app.close();
  relay.closeAllConnections();
  relay.close();
  await sandbox.close();
  const taken = (source: SourceName): { body: Buffer; type: string } => {
    const body = kept.get(source);
    if (body === undefined) {
      throw new Error(`the sandbox gave no answer for ${source}`);
    }
    return body;
  };
  return { cos: taken('cos'), batchCompute: taken('batchCompute'), ci: taken('ci') };
}
