import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { InvalidIdError } from '../../../src/model/errors.ts';
import { BatchComputeClient } from '../../../src/sources/batch-compute/client.ts';
import { batchComputeSigner } from '../../../src/sources/batch-compute/signature.ts';
import { anAnswer, aScope, BATCH_COMPUTE_ORIGIN, FakeWire, FETCHED_AT, fixture } from '../support.ts';

const HEADERS = {
  'content-type': 'application/json',
  'x-tc-action': 'DescribeJobs',
  'x-tc-version': '2017-03-12',
  'x-tc-region': 'ap-guangzhou',
  'x-tc-language': 'en-US',
};

function aClient(file: string): { wire: FakeWire; client: BatchComputeClient } {
  const wire = new FakeWire(() => anAnswer(fixture(`batch-compute/${file}`)));
  return { wire, client: new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send) };
}

describe('describeJobs by id', () => {
  it('asks for each id once, always with a limit', async () => {
    const { wire, client } = aClient('describe-jobs-seed.json');
    const jobIds = ['job-7e7evk2x', 'job-3n2weaqt', 'job-7e7evk2x'];
    const listing = await client.describeJobs({ jobIds }, 2, aScope());
    expect(listing.jobs.map(({ jobId }) => jobId)).toEqual(['job-3n2weaqt', 'job-7e7evk2x']);
    expect(wire.sent).toEqual([
      {
        action: 'DescribeJobs',
        method: 'POST',
        path: '/',
        query: [],
        headers: HEADERS,
        body: '{"JobIds":["job-7e7evk2x","job-3n2weaqt"],"Limit":2}',
      },
    ]);
  });

  it('drops a job that was not asked for and keeps one that is told twice once', async () => {
    const seed = JSON.parse(fixture('batch-compute/describe-jobs-seed.json')) as {
      Response: { JobSet: object[] };
    };
    seed.Response.JobSet.push(...seed.Response.JobSet);
    const wire = new FakeWire(() => anAnswer(JSON.stringify(seed)));
    const client = new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send);
    const { jobs } = await client.describeJobs({ jobIds: ['job-3n2weaqt'] }, 1, aScope());
    expect(jobs.map(({ jobId }) => jobId)).toEqual(['job-3n2weaqt']);
  });

  it.each([[[]], [['job-ok', 'job_bad']], [['']]])('sends nothing for %j', async (jobIds) => {
    const { wire, client } = aClient('describe-jobs-empty.json');
    await expect(client.describeJobs({ jobIds }, 1, aScope())).rejects.toBeInstanceOf(InvalidIdError);
    expect(wire.sent).toEqual([]);
  });
});

describe('describeJobs by conditions', () => {
  it('sends filters, offset and limit', async () => {
    const { wire, client } = aClient('describe-jobs-seed.json');
    const filters = [{ name: 'tag:team', values: ['基因'] }];
    const listing = await client.describeJobs({ filters, offset: 40 }, 20, aScope());
    expect(listing).toMatchObject({ totalCount: 2, jobs: [{}, {}] });
    expect(wire.sent[0]?.body).toBe(
      '{"Filters":[{"Name":"tag:team","Values":["基因"]}],"Offset":40,"Limit":20}',
    );
  });

  it('sends no empty list of filters', async () => {
    const { wire, client } = aClient('describe-jobs-empty.json');
    await client.describeJobs({ filters: [], offset: 0 }, 20, aScope());
    expect(wire.sent[0]?.body).toBe('{"Offset":0,"Limit":20}');
  });
});

describe('describeJob', () => {
  it('asks for one job', async () => {
    const { wire, client } = aClient('describe-job.json');
    const description = await client.describeJob('job-k3v8xw2p', aScope());
    expect(description?.detail.tasks).toHaveLength(3);
    expect(description).toMatchObject({
      upstreamStatus: 'RUNNING',
      status: 'RUNNING',
      fetchedAt: FETCHED_AT,
    });
    expect(wire.sent).toEqual([
      {
        action: 'DescribeJob',
        method: 'POST',
        path: '/',
        query: [],
        headers: { ...HEADERS, 'x-tc-action': 'DescribeJob' },
        body: '{"JobId":"job-k3v8xw2p"}',
      },
    ]);
  });

  it('sends nothing for a malformed id', async () => {
    const { wire, client } = aClient('describe-job.json');
    await expect(client.describeJob('job_7', aScope())).rejects.toBeInstanceOf(InvalidIdError);
    expect(wire.sent).toEqual([]);
  });
});

describe('batchComputeSigner', () => {
  const credential = {
    secretId: new Secret('AKIDEXAMPLE0000000000000000000000001'),
    secretKey: new Secret('EXAMPLEKEY00000000000000000000001'),
    sessionToken: new Secret('token'),
  };
  const request = { method: 'POST', path: '/', query: [], headers: HEADERS, body: '{"Limit":1}' } as const;

  it('adds host, time, token and a signature over content type, host and action', () => {
    const { authorization, ...headers } = batchComputeSigner({ credential: () => credential })(
      request,
      1_700_000_000_999,
    );
    expect(headers).toEqual({
      ...HEADERS,
      host: 'batch.tencentcloudapi.com',
      'x-tc-timestamp': '1700000000',
      'x-tc-token': 'token',
    });
    expect(authorization).toMatch(
      /^TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000000000000000000000001\/2023-11-14\/batch\/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=[0-9a-f]{64}$/,
    );
  });

  it('signs the body, and sends no token where there is none', () => {
    const signer = batchComputeSigner({ credential: () => ({ ...credential, sessionToken: null }) });
    const one = signer(request, 1_700_000_000_000);
    const other = signer({ ...request, body: '{"Limit":2}' }, 1_700_000_000_000);
    expect(one).not.toHaveProperty('x-tc-token');
    expect(one['authorization']).not.toBe(other['authorization']);
  });

  it('refuses a request that lacks a header to sign', () => {
    const bare = { ...request, headers: {} };
    expect(() => batchComputeSigner({ credential: () => credential })(bare, 0)).toThrow(TypeError);
  });
});
