import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lifeOf } from '../../src/sandbox/life.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  codeOf,
  cosCall,
  cosList,
  COS_HOST,
  qSigned,
  send,
  windowAt,
  type QSignCall,
  type WireAnswer,
} from './signed-calls.ts';

const START = Date.parse('2026-03-01T12:00:00.500Z');
const DAY_MS = 86_400_000;
const REGION = 'ap-guangzhou';
const JOBS: QSignCall = { path: '/jobs', keyTime: windowAt(START) };

/** Ids that sort in this order. */
function id(number: number): string {
  return `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

async function withSandbox(
  options: SandboxOptions,
  act: (sandbox: Sandbox, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock(START);
  const sandbox = await startSandbox({ clock, world: 'empty', ...options });
  try {
    await act(sandbox, clock);
  } finally {
    await sandbox.close();
  }
}

describe('COS Batch Operation', () => {
  let sandbox: Sandbox;
  const call = (more: Partial<QSignCall>): Promise<WireAnswer> => cosCall(sandbox, { ...JOBS, ...more });

  beforeAll(async () => {
    sandbox = await startSandbox({ clock: new FakeClock(START), world: 'empty' });
    sandbox.cos.add(REGION, {
      jobId: id(3),
      createdAtMs: START - 60_000,
      description: `R&D <b> "quoted" & 'single' 夜间`,
      operation: ['COSPutObjectCopy', [['TargetResource', 'qcs::cos:ap-shanghai::cold-1250000000']]],
      priority: 20,
      totalTasks: 12_000,
      failShare: 0.25,
      life: [{ status: 'Active', fromMs: 0, done: 0.5 }],
    });
    sandbox.cos.add(REGION, {
      jobId: id(1),
      createdAtMs: START - 2 * 3_600_000,
      operation: ['COSDeleteObject', []],
      priority: 0,
      totalTasks: 7,
      failShare: 0,
      status: 'Complete',
    });
    sandbox.cos.add(REGION, { jobId: id(2), status: 'Failed' });
    sandbox.cos.add(REGION, { jobId: id(0), createdAtMs: START - 91 * DAY_MS });
    sandbox.cos.add(REGION, { jobId: id(4), createdAtMs: START + DAY_MS });
  });
  afterAll(() => sandbox.close());

  it('lists in ascending order of JobId, in the byte form of the captures', async () => {
    const answer = await call({ query: { jobStatuses: 'Active' } });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(`<ListJobsResult>
	<Jobs>
		<member>
			<CreationTime>2026-03-01T11:59:00Z</CreationTime>
			<Description>R&amp;D &lt;b&gt; &quot;quoted&quot; &amp; 'single' 夜间</Description>
			<JobId>${id(3)}</JobId>
			<Operation>COSPutObjectCopy</Operation>
			<Priority>20</Priority>
			<ProgressSummary>
				<NumberOfTasksFailed>1500</NumberOfTasksFailed>
				<NumberOfTasksSucceeded>4500</NumberOfTasksSucceeded>
				<TotalNumberOfTasks>12000</TotalNumberOfTasks>
			</ProgressSummary>
			<Status>Active</Status>
		</member>
	</Jobs>
	<NextToken/>
</ListJobsResult>`);
    const all = cosList(await call({}));
    expect(all.members.map((member) => member.JobId)).toEqual([id(1), id(2), id(3)]);
  });

  it('sends the documented headers, with a request id that carries the second of the Date header', async () => {
    const { headers } = await call({});
    expect(headers['content-type']).toBe('application/xml');
    expect(headers['server']).toBe('tencent-cos');
    expect(headers['date']).toBe('Sun, 01 Mar 2026 12:00:00 GMT');
    expect(headers['x-cos-trace-id']).toBeUndefined();
    const requestId = Buffer.from(String(headers['x-cos-request-id']), 'base64').toString('latin1');
    expect(requestId).toMatch(/^[0-9a-f]{8}_[0-9a-f]{8}_[0-9a-f]+_[0-9a-f]+$/);
    expect(Number.parseInt(requestId.slice(0, 8), 16)).toBe(Math.floor(START / 1000));
  });

  it('omits what does not apply, and gives a finished job its TerminationDate', async () => {
    const { members } = cosList(await call({}));
    const [complete, , active] = members;
    expect(complete).not.toHaveProperty('Description');
    expect(complete?.TerminationDate).toBe('2026-03-01T11:00:00Z');
    expect(active).not.toHaveProperty('TerminationDate');
  });

  it('leaves out jobs older than ninety days and jobs still to come, but describes the old one', async () => {
    const ids = cosList(await call({})).members.map((member) => member.JobId);
    expect(ids).not.toContain(id(0));
    expect(ids).not.toContain(id(4));
    expect(sandbox.cos.jobIds(REGION)).toEqual(ids);
    expect((await call({ path: `/jobs/${id(0)}` })).status).toBe(200);
    expect((await call({ path: `/jobs/${id(4)}` })).status).toBe(404);
  });

  it('says with an empty element that nothing is listed', async () => {
    const answer = await call({ query: { jobStatuses: 'Paused' } });
    expect(answer.body).toBe('<ListJobsResult>\n\t<Jobs/>\n\t<NextToken/>\n</ListJobsResult>');
  });

  it('continues after the token, which is the last JobId of the page before', async () => {
    const first = cosList(await call({ query: { maxResults: '2' } }));
    expect(first.members.map((member) => member.JobId)).toEqual([id(1), id(2)]);
    expect(first.nextToken).toBe(id(2));
    const second = cosList(await call({ query: { maxResults: '2', nextToken: id(2) } }));
    expect(second.members.map((member) => member.JobId)).toEqual([id(3)]);
    expect(second.nextToken).toBe('');
  });

  it('describes a healthy job with an empty JobFailure and an empty operation element', async () => {
    const answer = await call({ path: `/jobs/${id(1)}` });
    expect(answer.body).toContain(`<DescribeJobResult>
	<Job>
		<ConfirmationRequired>false</ConfirmationRequired>
		<CreationTime>2026-03-01T10:00:00Z</CreationTime>
		<FailureReasons>
			<JobFailure>
				<FailureCode/>
				<FailureReason/>
			</JobFailure>
		</FailureReasons>
		<JobId>${id(1)}</JobId>
		<Manifest>`);
    expect(answer.body).toMatch(/<ETag>&quot;[0-9a-f]{32}&quot;<\/ETag>/);
    expect(answer.body).toContain('\t\t<Operation>\n\t\t\t<COSDeleteObject/>\n\t\t</Operation>');
    expect(answer.body).toContain('<StatusUpdateReason>Job complete</StatusUpdateReason>');
    expect(answer.body).not.toContain('Suspended');
    expect(answer.body).not.toMatch(/^<\?xml/);
    expect(answer.body.endsWith('</DescribeJobResult>')).toBe(true);
  });

  it('answers an unknown id with 404 NoSuchJob in the documented error form', async () => {
    const answer = await call({ path: '/jobs/00000000-0000-4000-8000-00000000ffff' });
    expect(answer.status).toBe(404);
    const requestId = String(answer.headers['x-cos-request-id']);
    const traceId = String(answer.headers['x-cos-trace-id']);
    expect(answer.body).toBe(`<?xml version='1.0' encoding='utf-8' ?>
<Error>
	<Code>NoSuchJob</Code>
	<Message>the job does not exist</Message>
	<Resource>${COS_HOST}/jobs/00000000-0000-4000-8000-00000000ffff</Resource>
	<RequestId>${requestId}</RequestId>
	<TraceId>${traceId}</TraceId>
</Error>`);
  });

  it.each<[string, Record<string, string>]>([
    ['an unknown status', { jobStatuses: 'Running' }],
    ['a status in lower case', { jobStatuses: 'active' }],
    ['a list of statuses', { jobStatuses: 'Active,Complete' }],
    ['an empty status', { jobStatuses: '' }],
    ['a page size of zero', { maxResults: '0' }],
    ['a negative page size', { maxResults: '-1' }],
    ['a page size above a thousand', { maxResults: '1001' }],
    ['a fractional page size', { maxResults: '1.5' }],
    ['an empty token', { nextToken: '' }],
    ['a token that is no job', { nextToken: id(99) }],
    ['a token that is too long', { nextToken: 'a'.repeat(65) }],
  ])('refuses %s with 400 InvalidArgument', async (_what, query) => {
    const answer = await call({ query });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument']);
  });

  it.each<[string, Partial<QSignCall>, number, string]>([
    ['without x-cos-appid', { headers: { 'x-cos-appid': '' } }, 400, 'InvalidArgument'],
    ["with another account's x-cos-appid", { headers: { 'x-cos-appid': '1250000001' } }, 403, 'AccessDenied'],
    [
      "for another account's host",
      { host: COS_HOST.replace('100000000001', '100000000002') },
      403,
      'AccessDenied',
    ],
    [
      'for a region that is not served',
      { host: COS_HOST.replace('guangzhou', 'tokyo') },
      400,
      'InvalidRequest',
    ],
    ['for a loopback host', { host: '127.0.0.1' }, 400, 'InvalidRequest'],
    ['for a CI host', { host: 'bucket-1250000000.ci.ap-beijing.myqcloud.com' }, 400, 'InvalidRequest'],
    ['to create a job', { method: 'POST' }, 405, 'MethodNotAllowed'],
    ['to change a status', { method: 'POST', path: `/jobs/${id(1)}/status` }, 405, 'MethodNotAllowed'],
    ['without a job id', { path: '/jobs/' }, 400, 'InvalidRequest'],
    ['for no known path', { path: '/' }, 400, 'InvalidRequest'],
    ['of an unknown key', { secretId: 'AKIDUNKNOWN' }, 403, 'InvalidAccessKeyId'],
    ['with another secret', { secretKey: 'wrong' }, 403, 'SignatureDoesNotMatch'],
    [
      'with a malformed signature',
      { unsigned: { Authorization: 'q-sign-algorithm=sha1' } },
      403,
      'AccessDenied',
    ],
    ['with a window far ahead', { keyTime: windowAt(START + 1_000_000) }, 403, 'RequestTimeTooSkewed'],
    ['with a host changed after signing', { unsigned: { Host: 'a.example' } }, 403, 'SignatureDoesNotMatch'],
    ['with a token that nobody issued', { unsigned: { 'x-cos-security-token': 'x' } }, 403, 'AccessDenied'],
  ])('refuses a call %s', async (_what, more, status, code) => {
    const answer = await call(more);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('tells an ended window by its message only', async () => {
    const answer = await call({ keyTime: windowAt(START - 1_000_000) });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied']);
    expect(answer.body).toContain('<Message>Request has expired</Message>');
  });

  it('refuses a call without Authorization', async () => {
    const answer = await send(sandbox.endpoints.cos, {
      path: '/jobs',
      headers: { Host: COS_HOST, 'x-cos-appid': '1250000000' },
    });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied']);
  });

  it('returns its own two texts when the signature does not match', async () => {
    const answer = await call({ secretKey: 'wrong', query: { maxResults: '2' } });
    expect(answer.body).toMatch(
      new RegExp(`<StringToSign>sha1\n${windowAt(START)}\n[0-9a-f]{40}\n</StringToSign>`),
    );
    expect(answer.body).toContain(
      `<FormatString>get\n/jobs\nmaxresults=2\nhost=${COS_HOST}&amp;x-cos-appid=1250000000\n</FormatString>`,
    );
  });

  it('checks the signature before everything else', async () => {
    const answer = await call({ secretKey: 'wrong', path: '/nowhere', headers: { 'x-cos-appid': '' } });
    expect(codeOf(answer)).toBe('SignatureDoesNotMatch');
  });
});

describe('COS options', () => {
  it('omits the empty NextToken on demand', async () => {
    await withSandbox({ emptyNextToken: 'omitted' }, async (sandbox) => {
      expect((await cosCall(sandbox, JOBS)).body).toBe('<ListJobsResult>\n\t<Jobs/>\n</ListJobsResult>');
    });
  });

  it('accepts lists of statuses on demand', async () => {
    await withSandbox({ cosStatusLists: true }, async (sandbox) => {
      sandbox.cos.add(REGION, { jobId: id(1), status: 'Active' });
      sandbox.cos.add(REGION, { jobId: id(2), status: 'Complete', createdAtMs: START - DAY_MS });
      sandbox.cos.add(REGION, { jobId: id(3), status: 'Paused' });
      const { members } = cosList(
        await cosCall(sandbox, { ...JOBS, query: { jobStatuses: 'Active,Complete' } }),
      );
      expect(members.map((member) => member.JobId)).toEqual([id(1), id(2)]);
    });
  });

  it('demands the session token when the key pair is temporary', async () => {
    await withSandbox({ sessionToken: 'tok/en+with=signs' }, async (sandbox) => {
      expect(codeOf(await cosCall(sandbox, JOBS))).toBe('AccessDenied');
      const wrong = { ...JOBS, unsigned: { 'x-cos-security-token': 'other' } };
      expect(codeOf(await cosCall(sandbox, wrong))).toBe('AccessDenied');
      const right = { ...JOBS, unsigned: { 'x-cos-security-token': 'tok/en+with=signs' } };
      expect((await cosCall(sandbox, right)).status).toBe(200);
    });
  });

  it('insists on signed host, x-cos-appid and parameters in strict mode only', async () => {
    await withSandbox({ strictSignedHeaders: true }, async (sandbox) => {
      expect((await cosCall(sandbox, { ...JOBS, query: { maxResults: '1' } })).status).toBe(200);
      const unsignedAccount = await qSigned(sandbox.endpoints.cos, sandbox, {
        ...JOBS,
        unsigned: { 'x-cos-appid': sandbox.account.appId },
      });
      expect([unsignedAccount.status, codeOf(unsignedAccount)]).toEqual([403, 'AccessDenied']);
      const unsignedQuery = await cosCall(sandbox, { ...JOBS, path: '/jobs?maxResults=1' });
      expect([unsignedQuery.status, codeOf(unsignedQuery)]).toEqual([403, 'AccessDenied']);
    });
  });

  it('continues after a job that has been removed meanwhile', async () => {
    await withSandbox({}, async (sandbox) => {
      [1, 2, 3].forEach((number) => sandbox.cos.add(REGION, { jobId: id(number) }));
      sandbox.cos.remove(REGION, id(2));
      const { members } = cosList(await cosCall(sandbox, { ...JOBS, query: { nextToken: id(2) } }));
      expect(members.map((member) => member.JobId)).toEqual([id(3)]);
      expect((await cosCall(sandbox, { ...JOBS, path: `/jobs/${id(2)}` })).status).toBe(404);
    });
  });

  it('moves a job through its life with the clock, counters never passing the total', async () => {
    await withSandbox({}, async (sandbox, clock) => {
      const minute = 60_000;
      const jobId = sandbox.cos.add(REGION, {
        totalTasks: 1000,
        failShare: 0.1,
        confirmationRequired: true,
        updateReasons: { Ready: 'confirmed by on-call' },
        life: lifeOf(
          [
            { status: 'New', forMs: minute },
            { status: 'Preparing', forMs: minute },
            { status: 'Suspended', forMs: minute },
            { status: 'Ready', forMs: minute },
            { status: 'Active', forMs: 10 * minute, doneAfter: 1 },
            { status: 'Completing', forMs: minute },
          ],
          'Complete',
        ),
      });
      const seen: string[] = [];
      for (let step = 0; step < 17; step += 1) {
        const at = { ...JOBS, keyTime: windowAt(clock.now()) };
        const [member] = cosList(await cosCall(sandbox, at)).members;
        const progress = member?.ProgressSummary;
        const detail = (await cosCall(sandbox, { ...at, path: `/jobs/${jobId}` })).body;
        expect(
          Number(progress?.NumberOfTasksFailed) + Number(progress?.NumberOfTasksSucceeded),
        ).toBeLessThanOrEqual(Number(progress?.TotalNumberOfTasks));
        expect(detail).toContain(`<Status>${member?.Status ?? ''}</Status>`);
        seen.push(
          [
            member?.Status,
            progress?.TotalNumberOfTasks,
            progress?.NumberOfTasksSucceeded,
            progress?.NumberOfTasksFailed,
            detail.includes('<SuspendedCause>') ? 'cause' : '',
            detail.includes('<SuspendedDate>2026-03-01T12:02:00Z') ? 'suspended' : '',
            detail.includes('confirmed by on-call') ? 'confirmed' : '',
            member?.TerminationDate ?? '',
          ]
            .join(' ')
            .trim(),
        );
        await clock.advance(minute);
      }
      expect(seen.filter((_line, index) => index < 5 || index === 9 || index > 13)).toEqual([
        'New 0 0 0',
        'Preparing 0 0 0',
        'Suspended 1000 0 0 cause suspended',
        'Ready 1000 0 0  suspended confirmed',
        'Active 1000 0 0  suspended confirmed',
        // five of ten minutes, and half a second for the start within a second
        expect.stringMatching(/^Active 1000 4\d\d 5\d {2}suspended confirmed$/),
        'Completing 1000 900 100  suspended confirmed',
        'Complete 1000 900 100  suspended confirmed 2026-03-01T12:15:00Z',
        'Complete 1000 900 100  suspended confirmed 2026-03-01T12:15:00Z',
      ]);
    });
  });
});
