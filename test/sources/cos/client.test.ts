import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { InvalidCursorError, InvalidIdError, UpstreamError } from '../../../src/model/errors.ts';
import { CosClient } from '../../../src/sources/cos/client.ts';
import { cosHost, cosSigner } from '../../../src/sources/cos/signature.ts';
import { anAnswer, aScope, COS_ORIGIN, FakeWire, fixture } from '../support.ts';

const ID = '1b7e4c02-8d35-4f6a-a0c9-5e2d91f36b70';

describe('listJobs', () => {
  it('sends the status, the size and the token, and leaves out what is not asked for', async () => {
    const wire = new FakeWire(() => anAnswer(fixture('cos/list-active.xml')));
    const client = new CosClient(COS_ORIGIN, wire.send);
    await client.listJobs({ status: 'Active', maxResults: 2, nextToken: ID }, aScope());
    const listing = await client.listJobs({ status: null, maxResults: 1_000, nextToken: null }, aScope());
    expect(listing.jobs).toHaveLength(2);
    const rest = { action: 'ListJobs', method: 'GET', path: '/jobs', headers: {}, body: null };
    expect(wire.sent).toEqual([
      {
        ...rest,
        query: [
          ['jobStatuses', 'Active'],
          ['maxResults', '2'],
          ['nextToken', ID],
        ],
      },
      { ...rest, query: [['maxResults', '1000']] },
    ]);
  });

  it('tells a token that COS refuses from any other refused argument', async () => {
    const wire = new FakeWire(() => anAnswer('<Error><Code>InvalidArgument</Code></Error>', { status: 400 }));
    const client = new CosClient(COS_ORIGIN, wire.send);
    const ask = (nextToken: string | null) =>
      client.listJobs({ status: null, maxResults: 2, nextToken }, aScope());
    await expect(ask(ID)).rejects.toBeInstanceOf(InvalidCursorError);
    await expect(ask(null)).rejects.toBeInstanceOf(UpstreamError);
  });

  it('takes no other error for a refused token', async () => {
    const wire = new FakeWire(() => anAnswer('<Error><Code>AccessDenied</Code></Error>', { status: 403 }));
    const ask = new CosClient(COS_ORIGIN, wire.send).listJobs(
      { status: null, maxResults: 2, nextToken: ID },
      aScope(),
    );
    await expect(ask).rejects.toBeInstanceOf(UpstreamError);
  });
});

describe('describeJob', () => {
  it('asks for the path of the job alone', async () => {
    const wire = new FakeWire(() => anAnswer(fixture('cos/describe-failed-copy.xml')));
    const job = await new CosClient(COS_ORIGIN, wire.send).describeJob(ID, aScope());
    expect(job?.detail?.roleArn).toBe('qcs::cam::uin/100000000001:roleName/BatchRunner');
    expect(wire.sent).toEqual([
      { action: 'DescribeJob', method: 'GET', path: `/jobs/${ID}`, query: [], headers: {}, body: null },
    ]);
  });

  it.each(['', '.', '..', '%2e%2e', 'a/../b', 'a?x', 'a#f', 'a\\b', 'a\r\nb', 'a b', 'a'.repeat(65), '中'])(
    'sends nothing for %j',
    async (jobId) => {
      const wire = new FakeWire(() => anAnswer(''));
      const ask = new CosClient(COS_ORIGIN, wire.send).describeJob(jobId, aScope());
      await expect(ask).rejects.toBeInstanceOf(InvalidIdError);
      expect(wire.sent).toEqual([]);
    },
  );
});

describe('cosSigner', () => {
  const credential = {
    secretId: new Secret('AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001'),
    secretKey: new Secret('EXAMPLEsecretKEYexampleSECRETkey01'),
    sessionToken: null,
  };
  const options = {
    origin: COS_ORIGIN,
    uin: '100000000001',
    appId: '1250000000',
    credential: () => credential,
  };
  const request = {
    method: 'GET',
    path: '/jobs',
    query: [
      ['maxResults', '2'],
      ['jobStatuses', 'Active'],
    ],
    headers: { accept: '*/*' },
    body: null,
  } as const;

  it('adds host, account and a signature over both and every parameter, good for a minute either way', () => {
    const { authorization, ...headers } = cosSigner(options)(request, 1_700_000_000_999);
    expect(headers).toEqual({
      accept: '*/*',
      host: '100000000001.cos-control.ap-guangzhou.myqcloud.com',
      'x-cos-appid': '1250000000',
    });
    expect(authorization).toMatch(
      /^q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001&q-sign-time=1699999940;1700000060&q-key-time=1699999940;1700000060&q-header-list=host;x-cos-appid&q-url-param-list=jobstatuses;maxresults&q-signature=[0-9a-f]{40}$/,
    );
  });

  it('sends and signs the session token', () => {
    const withToken = { ...credential, sessionToken: new Secret('tok/en+with=signs') };
    const headers = cosSigner({ ...options, credential: () => withToken })(request, 1_700_000_000_000);
    expect(headers['x-cos-security-token']).toBe('tok/en+with=signs');
    expect(headers['authorization']).toContain('q-header-list=host;x-cos-appid;x-cos-security-token&');
  });

  it('refuses to name a host of anything but labels', () => {
    expect(() => cosHost('1', 'evil.com/')).toThrow(TypeError);
    expect(() => cosHost('1@evil.com', 'ap-guangzhou')).toThrow(TypeError);
  });
});
