import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import {
  AllSourcesDocument,
  BatchComputePageDocument,
  CiPageDocument,
  CosPageDocument,
  NodesByIdDocument,
} from '../operations/generated/graphql.ts';
import type { World } from '../support/world.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  ciId,
  cosId,
  dataOf,
  inEmptyWorld,
  REGION,
} from './support.ts';

/** Exactly the hosts of the origins that the sandbox's account has configured. */
const HOSTS = [
  '100000000001.cos-control.ap-guangzhou.myqcloud.com',
  '100000000001.cos-control.ap-shanghai.myqcloud.com',
  'batch.tencentcloudapi.com',
  'bucket-1250000000.ci.ap-beijing.myqcloud.com',
  'media-1250000000.ci.ap-shanghai.myqcloud.com',
];

const HOSTILE = [
  '../',
  '..%2f..%2f',
  'evil.com/',
  'a@evil.com',
  'evil.com#',
  'evil.com?',
  'evil.com:80',
  '//evil.com',
  'ap-guangzhou.evil.com',
  'ap-guangzhou\r\nHost: evil.com',
  'x\r\n\r\nGET /jobs HTTP/1.1\r\nHost: evil.com\r\n',
  '127.0.0.1',
  '[::1]',
  '\u0000',
  '\u2028',
  '。evil。com',
  'ap-guangzhou ',
  '*',
  '__proto__',
  'constructor',
] as const;

const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc
    .tuple(fc.constantFrom(REGION, BUCKET, 'sandbox', 'job-7e7evk2x', ''), fc.constantFrom(...HOSTILE))
    .map(([text, tail]) => text + tail),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.webUrl(),
);
/** Now and then a word that is configured, so that hostile texts also stand beside good ones. */
const place = fc.oneof({ weight: 2, arbitrary: hostile }, fc.constantFrom(REGION, 'ap-shanghai', undefined));
const bucket = fc.oneof({ weight: 2, arbitrary: hostile }, fc.constantFrom(BUCKET, undefined));
const account = fc.oneof(hostile, fc.constantFrom('sandbox', undefined));
const jobId = fc.oneof(hostile, fc.constantFrom('job-7e7evk2x', 'a-job', '-', '_'));

const ATTACK = `query ($account: String, $region: String, $bucket: String, $jobId: String!, $id: ID!, $raw: ID!, $text: String!, $after: String) {
  node(id: $id) { id }
  nodes(ids: [$id, $raw]) { id }
  cosJob(jobId: $jobId, account: $account, region: $region) { id roleArn }
  batchComputeJob(jobId: $jobId, account: $account, region: $region) { id stateReason }
  ciJob(jobId: $jobId, bucket: $bucket) { id }
  cosJobs(account: $account, region: $region, after: $after) { nodes { id } }
  batchComputeJobs(account: $account, region: $region, filter: { names: [$text], tags: [{ key: $text, values: [$text] }] }) { nodes { id } }
  zoned: batchComputeJobs(filter: { zones: [$text] }) { nodes { id } }
  ciJobs(bucket: $bucket, filter: { name: $text, workflowId: $jobId, jobId: $text }) { nodes { id } }
}`;

const KNOWN_CODES = new Set([
  'BAD_USER_INPUT',
  'INVALID_ID',
  'INVALID_CURSOR',
  'ORIGIN_NOT_CONFIGURED',
  // what an upstream says to a filter of strange words, or to an id of another form than its own
  'UPSTREAM_REJECTED',
]);

function hostsOf(world: World): string[] {
  return [...new Set(world.calls().map(({ host }) => host))];
}

describe('the hosts that are called', () => {
  it('are those of the configured origins, for all that a healthy client asks', () =>
    inEmptyWorld(async (world) => {
      for (const { source, region, bucket: name } of world.app.origins.all()) {
        const field = { COS: 'cosJobs', BATCH_COMPUTE: 'batchComputeJobs', CI: 'ciJobs' }[source];
        const where = name === null ? `region: "${region}"` : `bucket: "${name}"`;
        dataOf(await world.askText(`{ ${field}(${where}) { nodes { id } } }`));
      }
      expect(hostsOf(world).toSorted()).toEqual(HOSTS);
      expect(world.calls().map(({ outcome }) => outcome)).toEqual(Array(6).fill('OK'));
    }));

  it('are no others, whatever clients send as account, region, bucket, id, cursor or filter', () =>
    inEmptyWorld(async (world) => {
      const globalId = fc.oneof(
        fc.tuple(jobId, place).map(([own, where]) => cosId(own, where ?? REGION)),
        fc.tuple(jobId, place, account).map(([own, where, whose]) => batchComputeId(own, where, whose)),
        fc.tuple(jobId, bucket).map(([own, where]) => ciId(own, where)),
        hostile,
      );
      const attack = fc.record({
        account,
        region: place,
        bucket,
        jobId,
        id: globalId,
        raw: hostile,
        text: hostile,
        after: place,
      });
      let reached = 0;
      await fc.assert(
        fc.asyncProperty(attack, async (variables) => {
          world.sandbox.clearCalls();
          const answer = await world.askText(ATTACK, variables);
          expect(answer.status).toBe(200);
          const codes = answer.errors.map(({ extensions }) => extensions['code']);
          expect(codes.filter((code) => !KNOWN_CODES.has(String(code)))).toEqual([]);
          const calls = world.calls();
          reached += calls.length;
          for (const call of calls) {
            expect(HOSTS).toContain(call.host);
            expect(call.action).toMatch(/^(ListJobs|DescribeJobs?|DescribeInventoryTriggerJobs?)$/);
            expect([REGION, 'ap-shanghai', 'ap-beijing']).toContain(call.region);
            // Signed as sent: no strange character ever breaks a signature.
            expect(call.outcome).not.toMatch(/Signature|AccessDenied|Authorization|InvalidHost/);
          }
        }),
        { seed: 20_260_821, numRuns: 300 },
      );
      expect(reached).toBeGreaterThan(200);
    }));

  it('are not chosen by the headers of a client’s request', () =>
    inEmptyWorld(async (world) => {
      const answer = await fetch(`${world.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-host': 'evil.com',
          forwarded: 'host=evil.com',
          'x-tc-region': 'ap-tokyo',
          'x-cos-security-token': 'theirs',
          'x-tc-token': 'theirs',
          authorization: 'theirs',
        },
        body: JSON.stringify({
          query: '{ cosJobs { totalCount } batchComputeJobs { totalCount } ciJobs { nodes { id } } }',
        }),
      });
      expect(await answer.json()).toEqual({
        data: { cosJobs: { totalCount: null }, batchComputeJobs: { totalCount: 0 }, ciJobs: { nodes: [] } },
      });
      expect(Object.fromEntries(world.calls().map(({ host, outcome }) => [host, outcome]))).toEqual({
        '100000000001.cos-control.ap-guangzhou.myqcloud.com': 'OK',
        'batch.tencentcloudapi.com': 'OK',
        'bucket-1250000000.ci.ap-beijing.myqcloud.com': 'OK',
      });
      expect(world.calls('DescribeJobs')[0]?.region).toBe(REGION);
    }));
});

describe('a temporary key', () => {
  it('is used with its session token, by every call to every upstream', () =>
    inEmptyWorld(
      async (world) => {
        const [cos = ''] = addJobs(world, 'cos', 1, { like: () => ({ status: 'Failed' }) });
        const [batchCompute = ''] = addJobs(world, 'batchCompute', 1);
        const [ci = ''] = addJobs(world, 'ci', 1);
        const data = dataOf(await world.ask(AllSourcesDocument, {}));
        expect(data.cosJobs?.nodes).toHaveLength(1);
        expect(data.batchComputeJobs?.nodes).toHaveLength(1);
        expect(data.ciJobs?.nodes).toHaveLength(1);
        const ids = [cosId(cos), batchComputeId(batchCompute), ciId(ci)];
        const { nodes } = dataOf(await world.ask(NodesByIdDocument, { ids }));
        expect(nodes.map((node) => node?.id)).toEqual(ids);
        expect(world.calls().map(({ outcome }) => outcome)).toEqual(Array(6).fill('OK'));
      },
      { sandbox: { sessionToken: 'a+session/token==' } },
    ));

  it('is refused without its session token, and the refusal tells nobody what is missing', () =>
    inEmptyWorld(
      async (world) => {
        const answer = await world.ask(AllSourcesDocument, {});
        expect(answer.data).toEqual({ cosJobs: null, batchComputeJobs: null, ciJobs: null });
        const told = answer.errors.map(({ path, extensions }) => [path?.[0], extensions['code']]);
        expect(Object.fromEntries(told)).toEqual({
          batchComputeJobs: 'UPSTREAM_AUTH_FAILED',
          ciJobs: 'UPSTREAM_AUTH_FAILED',
          // COS says AccessDenied, which is also what it says of a call that is not granted
          cosJobs: 'UPSTREAM_FORBIDDEN',
        });
        expect(answer.text).not.toContain('the-token');
        expect(callCounts(world)).toEqual({
          'cos ListJobs': 1,
          'batchCompute DescribeJobs': 1,
          'ci DescribeInventoryTriggerJobs': 1,
        });
      },
      {
        sandbox: { sessionToken: 'the-token' },
        account: (given) => ({ ...given, credential: { ...given.credential, sessionToken: null } }),
      },
    ));
});

describe('two accounts', () => {
  const IDS = { cos: 'the-same-job', batchCompute: 'job-samejob0', ci: 'thesamejob' };

  function addSame(sandbox: Sandbox, owner: string): void {
    const [bucketOfOwner] = sandbox.buckets;
    sandbox.cos.add(REGION, { jobId: IDS.cos, description: owner });
    sandbox.batchCompute.add(REGION, { jobId: IDS.batchCompute, jobName: owner });
    sandbox.ci.add(bucketOfOwner?.name ?? '', { jobId: IDS.ci, name: owner });
  }

  it('with the same job ids keep apart, by id, in listings and by cursor', async () => {
    const media = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: null });
    const research = await startSandbox({
      world: 'empty',
      batchComputeRequestsPerSecond: null,
      account: {
        appId: '1259999999',
        uin: '100000000009',
        secretId: 'AKIDSANDBOX0000000000000000000000009',
        secretKey: 'SANDBOXKEY00000000000000000000009',
      },
      buckets: [{ name: 'lab-1259999999', region: 'ap-beijing' }],
    });
    const accounts = [
      { ...sandboxAccount(media, 1_000), name: 'media' },
      { ...sandboxAccount(research, 1_000), name: 'research' },
    ];
    try {
      addSame(media, 'media');
      addSame(research, 'research');
      research.cos.add(REGION, { jobId: 'z-second' });
      await inEmptyWorld(
        async (world) => {
          const ids = ['media', 'research'].flatMap((name) => [
            cosId(IDS.cos, REGION, name),
            batchComputeId(IDS.batchCompute, REGION, name),
            ciId(IDS.ci, name === 'media' ? BUCKET : 'lab-1259999999', name),
          ]);
          const crossed = [
            ciId(IDS.ci, BUCKET, 'research'),
            ciId(IDS.ci, 'lab-1259999999', 'media'),
            cosId(IDS.cos, REGION, 'nobody'),
          ];
          const { nodes } = dataOf(await world.ask(NodesByIdDocument, { ids: [...ids, ...crossed] }));
          expect(nodes.map((node) => node?.id ?? null)).toEqual([...ids, null, null, null]);
          expect(nodes.slice(0, 6).map((node) => `${node?.account} ${node?.displayName}`)).toEqual([
            ...Array(3).fill('media media'),
            ...Array(3).fill('research research'),
          ]);
          for (const sandbox of [media, research]) {
            expect(sandbox.calls.map(({ action }) => action).toSorted()).toEqual([
              'DescribeInventoryTriggerJob',
              'DescribeJob',
              'DescribeJobs',
            ]);
            expect(new Set(sandbox.calls.map(({ secretId }) => secretId))).toEqual(
              new Set([sandbox.account.secretId]),
            );
            sandbox.clearCalls();
          }
          const cosOf = async (name: string, after: string | null = null) =>
            await world.ask(CosPageDocument, { first: 1, after, account: name });
          const page = dataOf(await cosOf('research')).page;
          expect(page?.pageInfo.hasNextPage).toBe(true);
          expect(dataOf(await cosOf('media')).page?.pageInfo.hasNextPage).toBe(false);
          const stolen = await cosOf('media', page?.pageInfo.endCursor ?? null);
          expect(stolen.errors.map(({ extensions }) => extensions['code'])).toEqual(['INVALID_CURSOR']);
          const batchCompute = dataOf(await world.ask(BatchComputePageDocument, { account: 'research' }));
          expect(batchCompute.page?.totalCount).toBe(1);
          const ci = dataOf(await world.ask(CiPageDocument, { bucket: 'lab-1259999999' }));
          expect(ci.page?.edges).toHaveLength(1);
          expect(media.calls.map(({ host }) => host)).toEqual([HOSTS[0]]);
          expect(research.calls.map(({ host }) => host)).toEqual([
            '100000000009.cos-control.ap-guangzhou.myqcloud.com',
            'batch.tencentcloudapi.com',
            'lab-1259999999.ci.ap-beijing.myqcloud.com',
          ]);
          expect(world.calls()).toEqual([]);
        },
        { config: { accounts } },
      );
    } finally {
      await Promise.all([media.close(), research.close()]);
    }
  });

  it('of which one has a key that is refused leave the other’s jobs readable', async () => {
    const media = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: null });
    try {
      addSame(media, 'media');
      const good = { ...sandboxAccount(media, 1_000), name: 'good' };
      await inEmptyWorld(
        async (world) => {
          const ids = ['good', 'bad'].flatMap((name) => [
            cosId(IDS.cos, REGION, name),
            batchComputeId(IDS.batchCompute, REGION, name),
            ciId(IDS.ci, BUCKET, name),
          ]);
          const { data, errors } = await world.ask(NodesByIdDocument, { ids });
          expect(data?.nodes.map((node) => node?.id ?? null)).toEqual([...ids.slice(0, 3), null, null, null]);
          expect(
            errors.map(({ path, extensions }) => [path?.[1], extensions['code'], extensions['account']]),
          ).toEqual(expect.arrayContaining([3, 4, 5].map((index) => [index, 'UPSTREAM_AUTH_FAILED', 'bad'])));
          expect(errors).toHaveLength(3);
        },
        {
          // The world's own account with its own empty sandbox is not used; `bad` signs for media with a foreign key.
          config: {
            accounts: [
              good,
              {
                ...good,
                name: 'bad',
                credential: { ...good.credential, secretKey: good.credential.secretId },
              },
            ],
          },
        },
      );
    } finally {
      await media.close();
    }
  });
});
