import type { RequestListener } from 'node:http';
import { Pool } from 'undici';
import type { Origin } from '../../src/model/origin.ts';
import { decodeListing as decodeBatchCompute } from '../../src/sources/batch-compute/decode.ts';
import { batchComputeSigner } from '../../src/sources/batch-compute/signature.ts';
import { decodeListing as decodeCi } from '../../src/sources/ci/decode.ts';
import { ciSigner } from '../../src/sources/ci/signature.ts';
import { decodeListing as decodeCos } from '../../src/sources/cos/decode.ts';
import { cosSigner } from '../../src/sources/cos/signature.ts';
import type { UpstreamResponse } from '../../src/upstream/send.ts';
import type { SignableRequest, Signer } from '../../src/upstream/signing/sign.ts';
import { benchConfig } from './config.ts';
import { readBody } from './read-body.ts';

interface Read {
  readonly pool: Pool;
  readonly signer: Signer;
  readonly request: SignableRequest;
  readonly target: string;
  readonly decode: (response: UpstreamResponse) => { readonly jobs: readonly Shown[] };
}

interface Shown {
  readonly jobId: string;
  readonly status: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly createdAt: string | null;
}

/** What one would write by hand for this one query, and nothing that makes it dependable. */
export function bareServer(upstreams: string): RequestListener {
  const [cos, batchCompute, ci] = readsOf(upstreams);
  return (incoming, outgoing) => {
    void (async () => {
      JSON.parse(await readBody(incoming));
      const [cosJobs, batchComputeJobs, ciJobs] = await Promise.all([
        read(cos),
        read(batchCompute),
        read(ci),
      ]);
      const text = JSON.stringify({ data: { cosJobs, batchComputeJobs, ciJobs } });
      outgoing
        .writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(text),
        })
        .end(text);
    })();
  };
}

async function read({ pool, signer, request, target, decode }: Read): Promise<{ nodes: unknown[] }> {
  const { statusCode, headers, body } = await pool.request({
    method: request.method,
    path: target,
    headers: signer(request, Date.now()),
    body: request.body,
  });
  const text = await body.text();
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const { jobs } = decode({ status: statusCode, headers: flat, body: text, receivedAtMs: Date.now() });
  return {
    nodes: jobs.slice(0, 10).map(({ jobId, status, name, description, createdAt }) => ({
      jobId,
      status,
      displayName: name ?? description ?? jobId,
      createdAt,
    })),
  };
}

function readsOf(endpoint: string): [Read, Read, Read] {
  const [account] = benchConfig(endpoint).accounts;
  if (account === undefined || account.cos === null) {
    throw new Error('expected an account that reads COS');
  }
  const { credential } = account;
  const { uin, appId } = account.cos;
  const origin = (source: Origin['source'], region: string, bucket: string | null): Origin => ({
    source,
    account: 'bench',
    region,
    bucket,
  });
  const cos = origin('COS', 'ap-guangzhou', null);
  const batchCompute = origin('BATCH_COMPUTE', 'ap-guangzhou', null);
  const ci = origin('CI', 'ap-beijing', 'bucket-1250000000');
  const pool = (): Pool => new Pool(endpoint, { connections: 16 });
  return [
    {
      pool: pool(),
      signer: cosSigner({ origin: cos, uin, appId, credential: () => credential }),
      request: { method: 'GET', path: '/jobs', query: [['maxResults', '11']], headers: {}, body: null },
      target: '/jobs?maxResults=11',
      decode: (response) => decodeCos(cos, response),
    },
    {
      pool: pool(),
      signer: batchComputeSigner({ credential: () => credential }),
      request: {
        method: 'POST',
        path: '/',
        query: [],
        headers: {
          'content-type': 'application/json',
          'x-tc-action': 'DescribeJobs',
          'x-tc-version': '2017-03-12',
          'x-tc-region': 'ap-guangzhou',
          'x-tc-language': 'en-US',
        },
        body: '{"Offset":0,"Limit":10}',
      },
      target: '/',
      decode: (response) => decodeBatchCompute(batchCompute, response),
    },
    {
      pool: pool(),
      signer: ciSigner({ origin: ci, credential: () => credential }),
      request: {
        method: 'GET',
        path: '/inventorytriggerjob',
        query: [
          ['size', '10'],
          ['orderByTime', 'Desc'],
        ],
        headers: {},
        body: null,
      },
      target: '/inventorytriggerjob?size=10&orderByTime=Desc',
      decode: (response) => decodeCi(ci, response),
    },
  ];
}
