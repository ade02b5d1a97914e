import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lifeOf } from '../../src/sandbox/life.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  CI_HOST,
  ciCall,
  ciList,
  codeOf,
  send,
  windowAt,
  type QSignCall,
  type WireAnswer,
} from './signed-calls.ts';

// 20:00 in Beijing
const START = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const BUCKET = 'bucket-1250000000';
const JOBS: QSignCall = { path: '/inventorytriggerjob', keyTime: windowAt(START) };

function id(number: number): string {
  return `b${String(number).padStart(32, '0')}`;
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

async function listed(
  sandbox: Sandbox,
  query: Record<string, string>,
): Promise<{ ids: string[]; nextToken: string | undefined }> {
  const { details, nextToken } = ciList(await ciCall(sandbox, { ...JOBS, query }));
  return { ids: details.map((detail) => detail.JobId), nextToken };
}

describe('CI batch jobs', () => {
  let sandbox: Sandbox;
  const call = (more: Partial<QSignCall>): Promise<WireAnswer> => ciCall(sandbox, { ...JOBS, ...more });

  beforeAll(async () => {
    sandbox = await startSandbox({ clock: new FakeClock(START), world: 'empty' });
    sandbox.ci.add(BUCKET, {
      jobId: id(1),
      createdAtMs: START - 60 * MINUTE_MS,
      type: 'Workflow',
      name: 'backfill',
      state: 'Running',
      hidesStartWhileRunning: true,
      input: [['Prefix', 'uploads/2024/']],
      operation: [['WorkflowIds', 'w1,w2']],
    });
    sandbox.ci.add(BUCKET, {
      jobId: id(2),
      createdAtMs: START - 50 * MINUTE_MS,
      type: 'Job',
      name: '批量转码',
      state: 'Failed',
      failure: { code: 'ResourceNotFound', message: 'no "manifest" & no <input>' },
      input: [['UrlFile', 'lists/archive.txt']],
      operation: [
        ['UserData', 'ticket-4711'],
        ['Tag', 'Transcode'],
        ['JobParam', [['TemplateId', 't1']]],
      ],
    });
    sandbox.ci.add(BUCKET, {
      jobId: id(3),
      createdAtMs: START - 40 * MINUTE_MS,
      type: 'Job',
      name: 'three',
      state: 'Success',
    });
    sandbox.ci.add(BUCKET, {
      jobId: id(4),
      createdAtMs: START - 40 * MINUTE_MS,
      type: 'Workflow',
      name: 'four',
      state: 'Pause',
      operation: [['WorkflowIds', 'w2']],
    });
    sandbox.ci.add(BUCKET, { jobId: id(5), createdAtMs: START + MINUTE_MS });
    sandbox.ci.add('media-1250000000', { jobId: id(6), state: 'Cancel' });
  });
  afterAll(() => sandbox.close());

  it('lists newest first by default, and the other way round on demand', async () => {
    expect((await listed(sandbox, {})).ids).toEqual([id(4), id(3), id(2), id(1)]);
    expect(sandbox.ci.jobIds(BUCKET)).toEqual([id(4), id(3), id(2), id(1)]);
    expect((await listed(sandbox, { orderByTime: 'Asc' })).ids).toEqual([id(1), id(2), id(3), id(4)]);
  });

  it('keeps each bucket to itself', async () => {
    const answer = await call({ host: 'media-1250000000.ci.ap-shanghai.myqcloud.com' });
    expect(ciList(answer).details.map((detail) => detail.JobId)).toEqual([id(6)]);
  });

  it('describes a workflow run in the byte form of the samples, with hyphens for times that are not', async () => {
    const answer = await call({ path: `/inventorytriggerjob/${id(1)}` });
    expect(answer.body).toBe(`<Response>
	<RequestId>${String(answer.headers['x-ci-request-id'])}</RequestId>
	<JobsDetail>
		<Code>Success</Code>
		<Type>Workflow</Type>
		<Message/>
		<Name>backfill</Name>
		<JobId>${id(1)}</JobId>
		<State>Running</State>
		<CreationTime>2026-03-01T19:00:00+0800</CreationTime>
		<StartTime>-</StartTime>
		<EndTime>-</EndTime>
		<Input>
			<Prefix>uploads/2024/</Prefix>
		</Input>
		<Operation>
			<WorkflowIds>w1,w2</WorkflowIds>
		</Operation>
	</JobsDetail>
</Response>`);
    expect(answer.headers['server']).toBe('tencent-ci');
    expect(answer.headers['content-type']).toBe('application/xml');
  });

  it('gives a failed job its code, message and times, and echoes the operation in its order', async () => {
    const { body } = await call({ path: `/inventorytriggerjob/${id(2)}` });
    expect(body).toContain('<Code>ResourceNotFound</Code>');
    expect(body).toContain('<Message>no &quot;manifest&quot; &amp; no &lt;input&gt;</Message>');
    expect(body).toContain(
      '<StartTime>2026-03-01T19:10:02+0800</StartTime>\n\t\t<EndTime>2026-03-01T20:00:00+0800</EndTime>',
    );
    expect(body).toContain('<Operation>\n\t\t\t<UserData>ticket-4711</UserData>\n\t\t\t<Tag>Transcode</Tag>');
  });

  it('answers an unknown id with 200 and NonExistJobIds', async () => {
    const answer = await call({ path: `/inventorytriggerjob/${id(9)}` });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(
      `<Response>\n\t<RequestId>${String(answer.headers['x-ci-request-id'])}</RequestId>\n\t<NonExistJobIds>${id(9)}</NonExistJobIds>\n</Response>`,
    );
  });

  it.each<[string, Record<string, string>, number[]]>([
    ['a type', { type: 'Job' }, [3, 2]],
    ['one state', { states: 'Pause' }, [4]],
    ['several states', { states: 'Running,Failed' }, [2, 1]],
    ['all states', { states: 'All' }, [4, 3, 2, 1]],
    ['a workflow among several', { workflowId: 'w2' }, [4, 1]],
    ['an id', { jobId: id(3) }, [3]],
    ['a name, whole', { name: '批量转码' }, [2]],
    ['a part of a name', { name: '批量' }, []],
    ['a start, inclusive', { startCreationTime: '2026-03-01T19:20:00+0800' }, [4, 3]],
    ['an end, inclusive', { endCreationTime: '2026-03-01T19:10:00+0800' }, [2, 1]],
    [
      'both, in another offset',
      { startCreationTime: '2026-03-01T11:10:00+0000', endCreationTime: '2026-03-01T11:10:00+0000' },
      [2],
    ],
    ['several things at once', { type: 'Workflow', states: 'Running,Pause', workflowId: 'w1' }, [1]],
    ['empty values, which restrict nothing', { nextToken: '', name: '', states: '' }, [4, 3, 2, 1]],
  ])('filters by %s', async (_what, query, expected) => {
    expect((await listed(sandbox, query)).ids).toEqual(expected.map(id));
  });

  it('pages with decimal cursors to an empty one', async () => {
    const first = await listed(sandbox, { size: '3', nextToken: '' });
    expect(first.ids).toEqual([id(4), id(3), id(2)]);
    expect(first.nextToken).toMatch(/^\d+$/);
    const last = await listed(sandbox, { size: '3', nextToken: first.nextToken ?? '' });
    expect(last).toEqual({ ids: [id(1)], nextToken: '' });
  });

  it('returns ten jobs unless told otherwise, and at most a hundred', async () => {
    await withSandbox({}, async (own) => {
      Array.from({ length: 120 }, () => own.ci.add(BUCKET));
      expect((await listed(own, {})).ids).toHaveLength(10);
      expect((await listed(own, { size: '100' })).ids).toHaveLength(100);
    });
  });

  it('neither repeats nor skips a job when others are added between two pages', async () => {
    await withSandbox({}, async (own, clock) => {
      const ids = Array.from({ length: 5 }, (_, index) =>
        own.ci.add(BUCKET, { createdAtMs: START - (index + 1) * 1000 }),
      );
      const first = await listed(own, { size: '2' });
      await clock.advance(1000);
      own.ci.add(BUCKET);
      own.ci.add(BUCKET, { createdAtMs: START - 1000 });
      const second = await listed(own, { size: '3', nextToken: first.nextToken ?? '' });
      expect([...first.ids, ...second.ids]).toEqual(ids);
    });
  });

  it.each<[string, Record<string, string>]>([
    ['a size of zero', { size: '0' }],
    ['a size above a hundred', { size: '101' }],
    ['a size that is no number', { size: 'ten' }],
    ['an unknown type', { type: 'Workflows' }],
    ['an unknown order', { orderByTime: 'desc' }],
    ['an unknown state', { states: 'Running,Paused' }],
    ['a token never issued', { nextToken: '1' }],
    ['a token that is no number', { nextToken: 'abc' }],
    ['a time with a colon in its offset', { startCreationTime: '2026-03-01T19:20:00+08:00' }],
    ['a time in UTC notation', { endCreationTime: '2026-03-01T19:20:00Z' }],
    ['a day that does not exist', { endCreationTime: '2026-13-01T19:20:00+0800' }],
  ])('refuses %s with 400 InvalidArgument', async (_what, query) => {
    const answer = await call({ query });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument']);
  });

  it('reads a plus sign that was not escaped as a space', async () => {
    const answer = await call({ path: '/inventorytriggerjob?startCreationTime=2026-03-01T19:20:00+0800' });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument']);
  });

  it.each<[string, Partial<QSignCall>, number, string]>([
    ['for an unknown bucket', { host: 'other-1250000000.ci.ap-beijing.myqcloud.com' }, 400, 'InvalidHost'],
    ['for a bucket in another region', { host: CI_HOST.replace('beijing', 'shanghai') }, 400, 'InvalidHost'],
    ['for a loopback host', { host: '127.0.0.1' }, 400, 'InvalidHost'],
    ['of an unknown key', { secretId: 'AKIDUNKNOWN' }, 401, 'SecretidNotExist'],
    ['with another secret', { secretKey: 'wrong' }, 403, 'SignatureDoesNotMatch'],
    ['with an ended window', { keyTime: windowAt(START - 1_000_000) }, 401, 'SignatureExpired'],
    ['with a malformed signature', { unsigned: { Authorization: 'nonsense' } }, 401, 'InvalidAuthorization'],
    ['with a token that nobody issued', { unsigned: { 'x-ci-security-token': 'x' } }, 401, 'AccessDenied'],
    ['for another path', { path: '/jobs' }, 404, 'InvalidUrl'],
    ['to create a job', { method: 'POST' }, 501, 'NotImplemented'],
    [
      'to cancel a job',
      { method: 'PUT', path: `/inventorytriggerjob/${id(1)}`, query: { cancel: '' } },
      501,
      'NotImplemented',
    ],
  ])('refuses a call %s', async (_what, more, status, code) => {
    const answer = await call(more);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('refuses a call without Authorization in the CI error form, which has no Resource', async () => {
    const answer = await send(sandbox.endpoints.ci, {
      path: '/inventorytriggerjob',
      headers: { Host: CI_HOST },
    });
    expect(answer.status).toBe(401);
    expect(answer.body).toBe(`<?xml version='1.0' encoding='utf-8' ?>
<Error>
	<Code>MissingAuthorization</Code>
	<Message>the Authorization header is missing</Message>
	<RequestId>${String(answer.headers['x-ci-request-id'])}</RequestId>
	<TraceId>${String(answer.headers['x-ci-trace-id'])}</TraceId>
</Error>`);
  });
});

describe('CI options', () => {
  it('accepts the session token in either header', async () => {
    await withSandbox({ sessionToken: 'tok/en' }, async (sandbox) => {
      expect(codeOf(await ciCall(sandbox, JOBS))).toBe('AccessDenied');
      expect((await ciCall(sandbox, { ...JOBS, headers: { 'x-ci-security-token': 'tok/en' } })).status).toBe(
        200,
      );
      expect(
        (await ciCall(sandbox, { ...JOBS, unsigned: { 'x-cos-security-token': 'tok/en' } })).status,
      ).toBe(200);
    });
  });

  it('omits the empty NextToken on demand', async () => {
    await withSandbox({ emptyNextToken: 'omitted' }, async (sandbox) => {
      expect((await ciCall(sandbox, JOBS)).body).toMatch(
        /^<Response>\n\t<RequestId>[^<]+<\/RequestId>\n<\/Response>$/,
      );
    });
  });

  it('gives the first-generation shape on demand', async () => {
    await withSandbox({ ciShape: 'legacy' }, async (sandbox) => {
      sandbox.ci.add(BUCKET, { state: 'Submitted' });
      const { body } = await ciCall(sandbox, JOBS);
      expect(body).not.toContain('<Type>');
      expect(body).toContain('<Message>Success</Message>');
      expect(body).toContain('<StartTime/>\n\t\t<EndTime/>');
    });
  });

  it('moves a run through pause to its end with the clock', async () => {
    await withSandbox({}, async (sandbox, clock) => {
      const jobId = sandbox.ci.add(BUCKET, {
        type: 'Job',
        hidesStartWhileRunning: false,
        life: lifeOf(
          [
            { status: 'Submitted', forMs: MINUTE_MS },
            { status: 'Running', forMs: MINUTE_MS },
            { status: 'Pause', forMs: MINUTE_MS },
            { status: 'Running', forMs: MINUTE_MS },
          ],
          'Success',
        ),
      });
      const seen: string[] = [];
      for (let step = 0; step < 6; step += 1) {
        const answer = await ciCall(sandbox, { ...JOBS, keyTime: windowAt(clock.now()), query: { jobId } });
        const [detail] = ciList(answer).details;
        seen.push(`${detail?.State ?? ''} ${detail?.StartTime ?? ''} ${detail?.EndTime ?? ''}`);
        await clock.advance(MINUTE_MS);
      }
      const started = '2026-03-01T20:01:00+0800';
      const ended = '2026-03-01T20:04:00+0800';
      expect(seen).toEqual([
        'Submitted - -',
        `Running ${started} -`,
        `Pause ${started} -`,
        `Running ${started} -`,
        `Success ${started} ${ended}`,
        `Success ${started} ${ended}`,
      ]);
    });
  });
});
