import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import {
  InvalidCursorError,
  InvalidIdError,
  UpstreamError,
  UserInputError,
} from '../../../src/model/errors.ts';
import { CiClient } from '../../../src/sources/ci/client.ts';
import type { CiFilter } from '../../../src/sources/ci/model.ts';
import { ciHost, ciSigner } from '../../../src/sources/ci/signature.ts';
import { CiSource } from '../../../src/sources/ci/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anAnswer, aScope, CI_ORIGIN, FakeWire, fixture } from '../support.ts';
import { ciCache } from '../caches.ts';

const ID = 'b5f0c1d27a9e34b60812cd4ef7a3b9150';
const EVERYTHING: CiFilter = {
  type: null,
  states: null,
  name: null,
  workflowId: null,
  jobId: null,
  createdAfter: null,
  createdBefore: null,
  order: 'NEWEST_FIRST',
};
const EMPTY = '<Response><NextToken/></Response>';

describe('listJobs', () => {
  it('sends the smallest question', async () => {
    const wire = new FakeWire(() => anAnswer(fixture('ci/list-two-kinds.xml')));
    const client = new CiClient(CI_ORIGIN, wire.send);
    const listing = await client.listJobs({ filter: EVERYTHING, nextToken: null, size: 20 }, aScope());
    expect(listing.jobs).toHaveLength(2);
    expect(wire.sent).toEqual([
      {
        action: 'DescribeInventoryTriggerJobs',
        method: 'GET',
        path: '/inventorytriggerjob',
        query: [
          ['size', '20'],
          ['orderByTime', 'Desc'],
        ],
        headers: {},
        body: null,
      },
    ]);
  });

  it('sends every filter, times with an offset and within whole seconds', async () => {
    const wire = new FakeWire(() => anAnswer(EMPTY));
    const filter: CiFilter = {
      type: 'Job',
      states: ['Running', 'Pause'],
      name: 'a&b +\ud800',
      workflowId: 'w1',
      jobId: ID,
      createdAfter: '2024-01-01T00:00:00Z',
      createdBefore: '2024-02-01T00:00:00Z',
      order: 'OLDEST_FIRST',
    };
    await new CiClient(CI_ORIGIN, wire.send).listJobs({ filter, nextToken: '4187', size: 100 }, aScope());
    expect(wire.sent[0]?.query).toEqual([
      ['nextToken', '4187'],
      ['size', '100'],
      ['type', 'Job'],
      ['orderByTime', 'Asc'],
      ['states', 'Running,Pause'],
      ['startCreationTime', '2024-01-01T08:00:00+0800'],
      ['endCreationTime', '2024-02-01T07:59:59+0800'],
      ['workflowId', 'w1'],
      ['jobId', ID],
      ['name', 'a&b +\ufffd'],
    ]);
  });

  it.each([
    ['2024-01-01T00:00:00.001Z', '2024-01-01T08:00:01+0800', '2024-01-01T08:00:00+0800'],
    ['2024-01-01T00:00:00.000Z', '2024-01-01T08:00:00+0800', '2024-01-01T07:59:59+0800'],
    ['2024-01-01T02:00:00+02:00', '2024-01-01T08:00:00+0800', '2024-01-01T07:59:59+0800'],
  ])('includes %s as a start (%s) and excludes it as an end (%s)', async (time, start, end) => {
    const wire = new FakeWire(() => anAnswer(EMPTY));
    const client = new CiClient(CI_ORIGIN, wire.send);
    await client.listJobs(
      { filter: { ...EVERYTHING, createdAfter: time }, nextToken: null, size: 1 },
      aScope(),
    );
    await client.listJobs(
      { filter: { ...EVERYTHING, createdBefore: time }, nextToken: null, size: 1 },
      aScope(),
    );
    expect(wire.sent.map(({ query }) => query.at(-1))).toEqual([
      ['startCreationTime', start],
      ['endCreationTime', end],
    ]);
  });

  it('refuses a time that is none, without a call', async () => {
    const wire = new FakeWire(() => anAnswer(EMPTY));
    const filter = { ...EVERYTHING, createdAfter: 'yesterday' };
    const ask = new CiClient(CI_ORIGIN, wire.send).listJobs({ filter, nextToken: null, size: 1 }, aScope());
    await expect(ask).rejects.toBeInstanceOf(UserInputError);
    expect(wire.sent).toEqual([]);
  });

  it('tells a token that CI refuses from any other refused argument', async () => {
    const wire = new FakeWire(() => anAnswer('<Error><Code>InvalidArgument</Code></Error>', { status: 400 }));
    const client = new CiClient(CI_ORIGIN, wire.send);
    const ask = (nextToken: string | null) =>
      client.listJobs({ filter: EVERYTHING, nextToken, size: 1 }, aScope());
    await expect(ask('4187')).rejects.toBeInstanceOf(InvalidCursorError);
    await expect(ask(null)).rejects.toBeInstanceOf(UpstreamError);
  });
});

describe('describeJob', () => {
  it('asks for the path of the job alone', async () => {
    const wire = new FakeWire(() => anAnswer(fixture('ci/describe-running.xml')));
    const job = await new CiClient(CI_ORIGIN, wire.send).describeJob(ID, aScope());
    expect(job?.jobId).toBe(ID);
    expect(wire.sent).toEqual([
      {
        action: 'DescribeInventoryTriggerJob',
        method: 'GET',
        path: `/inventorytriggerjob/${ID}`,
        query: [],
        headers: {},
        body: null,
      },
    ]);
  });

  it.each(['', '.', '..', 'a/b', 'a?cancel', 'a\nb', 'a'.repeat(65)])(
    'sends nothing for %j',
    async (jobId) => {
      const wire = new FakeWire(() => anAnswer(''));
      const ask = new CiClient(CI_ORIGIN, wire.send).describeJob(jobId, aScope());
      await expect(ask).rejects.toBeInstanceOf(InvalidIdError);
      expect(wire.sent).toEqual([]);
    },
  );
});

describe('CiSource', () => {
  it.each([
    ['no states', { states: [] }],
    ['an empty range', { createdAfter: '2024-01-01T00:00:00Z', createdBefore: '2024-01-01T00:00:00Z' }],
  ])('answers a filter of %s without a call', async (_, change) => {
    const wire = new FakeWire(() => anAnswer(fixture('ci/list-two-kinds.xml')));
    const clock = new FakeClock(Date.parse('2026-01-02T03:04:05Z'));
    const source = new CiSource(new CiClient(CI_ORIGIN, wire.send), ciCache({ clock }), { clock });
    const filter: CiFilter = { ...EVERYTHING, ...change };
    const page = await source.list(
      { filter, limit: 5, backwards: false, after: null, before: null },
      aScope(),
    );
    expect(page).toEqual({
      entries: [],
      hasNextPage: false,
      hasPreviousPage: false,
      totalCount: null,
      outcome: 'FRESH',
      fetchedAt: '2026-01-02T03:04:05.000Z',
    });
    expect(wire.sent).toEqual([]);
  });

  it('asks for the one second of a range that holds one', async () => {
    const wire = new FakeWire(() => anAnswer(EMPTY));
    const source = new CiSource(new CiClient(CI_ORIGIN, wire.send), ciCache());
    const filter: CiFilter = {
      ...EVERYTHING,
      createdAfter: '2024-01-01T00:00:00Z',
      createdBefore: '2024-01-01T00:00:01Z',
    };
    await source.list({ filter, limit: 5, backwards: false, after: null, before: null }, aScope());
    expect(wire.sent[0]?.query.slice(-2)).toEqual([
      ['startCreationTime', '2024-01-01T08:00:00+0800'],
      ['endCreationTime', '2024-01-01T08:00:00+0800'],
    ]);
  });

  it('has no detail, and asks for none', async () => {
    const wire = new FakeWire(() => anAnswer(''));
    expect(await new CiSource(new CiClient(CI_ORIGIN, wire.send), ciCache()).detail()).toBeNull();
    expect(wire.sent).toEqual([]);
  });
});

describe('ciSigner', () => {
  const credential = {
    secretId: new Secret('AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001'),
    secretKey: new Secret('EXAMPLEsecretKEYexampleSECRETkey01'),
    sessionToken: new Secret('tok/en+with=signs'),
  };
  const request = {
    method: 'GET',
    path: '/inventorytriggerjob',
    query: [['size', '10']],
    headers: {},
    body: null,
  } as const;

  it('adds host, the token under the name that CI knows, and a signature over both and every parameter', () => {
    const { authorization, ...headers } = ciSigner({ origin: CI_ORIGIN, credential: () => credential })(
      request,
      1_700_000_000_000,
    );
    expect(headers).toEqual({
      host: 'media-1250000000.ci.ap-shanghai.myqcloud.com',
      'x-ci-security-token': 'tok/en+with=signs',
    });
    expect(authorization).toMatch(
      /&q-sign-time=1699999940;1700000060&q-key-time=1699999940;1700000060&q-header-list=host;x-ci-security-token&q-url-param-list=size&q-signature=[0-9a-f]{40}$/,
    );
  });

  it('signs host alone without a token', () => {
    const signer = ciSigner({
      origin: CI_ORIGIN,
      credential: () => ({ ...credential, sessionToken: null }),
    });
    const headers = signer(request, 1_700_000_000_000);
    expect(Object.keys(headers)).toEqual(['host', 'authorization']);
    expect(headers['authorization']).toContain('q-header-list=host&');
  });

  it('refuses to name a host of anything but labels', () => {
    expect(() => ciHost('evil.com/', 'ap-shanghai')).toThrow(TypeError);
    expect(() => ciSigner({ origin: { ...CI_ORIGIN, bucket: null }, credential: () => credential })).toThrow(
      TypeError,
    );
  });
});
