import { describe, expect, it } from 'vitest';
import { decodeDescription, decodeListing } from '../../../src/sources/ci/decode.ts';
import type { CiJob } from '../../../src/sources/ci/model.ts';
import { anAnswer, CI_ORIGIN, FETCHED_AT, fixture, upstreamErrorOf } from '../support.ts';

const ID = 'b5f0c1d27a9e34b60812cd4ef7a3b9150';
const DETAIL = `<JobId>${ID}</JobId><State>Submitted</State>`;

const list = (body: string) => decodeListing(CI_ORIGIN, anAnswer(body));
const listed = (detail: string): CiJob =>
  list(`<Response><JobsDetail>${detail}</JobsDetail></Response>`).jobs[0]!;
const describe1 = (body: string, change = {}) => decodeDescription(CI_ORIGIN, ID, anAnswer(body, change));

describe('the documented answers', () => {
  const base = {
    source: 'CI',
    account: 'media',
    region: 'ap-shanghai',
    bucket: 'media-1250000000',
    description: null,
    priority: null,
    progress: null,
    fetchedAt: FETCHED_AT,
  };
  const noParameters = {
    timeInterval: null,
    workflowIds: [],
    tag: null,
    queueId: null,
    queueType: null,
    userData: null,
    jobLevel: null,
    callBack: null,
    callBackFormat: null,
    callBackType: null,
    output: null,
    jobParam: null,
  };

  it('decodes the sample of the seed page', () => {
    const jobId = 'b3deffea2f84911ec9cb15254008618d9';
    const answer = anAnswer(fixture('ci/describe-workflow-seed.xml'));
    expect(decodeDescription(CI_ORIGIN, jobId, answer)).toEqual({
      ...base,
      jobId,
      name: 'demo',
      status: 'RUNNING',
      upstreamStatus: 'Running',
      isFinished: false,
      createdAt: '2022-06-27T07:23:10Z',
      startedAt: null,
      endedAt: null,
      type: 'Workflow',
      code: 'Success',
      message: null,
      input: { manifest: null, urlFile: null, prefix: 'input', object: null },
      operation: {
        ...noParameters,
        timeInterval: { start: '2022-02-01T04:00:00Z', end: '2022-05-01T04:00:00Z' },
        workflowIds: ['w7476ff3564ee45b7b490d64bccaba6cc'],
      },
    });
  });

  it('decodes a running workflow batch', () => {
    expect(describe1(fixture('ci/describe-running.xml'))).toMatchObject({
      jobId: ID,
      name: 'backfill-thumbnails',
      createdAt: '2024-05-06T02:18:21Z',
      startedAt: null,
      input: { prefix: 'uploads/2024/' },
    });
  });

  it('decodes a page with both types', () => {
    expect(list(fixture('ci/list-two-kinds.xml'))).toEqual({
      jobs: [
        {
          ...base,
          jobId: 'b91d3e7f5c2a48b06d4f8e1a7c3b5d902',
          name: 'transcode-archive',
          status: 'COMPLETED',
          upstreamStatus: 'Success',
          isFinished: true,
          createdAt: '2024-05-05T14:00:03Z',
          startedAt: '2024-05-05T14:00:05Z',
          endedAt: '2024-05-05T15:41:50Z',
          type: 'Job',
          code: 'Success',
          message: null,
          input: { manifest: null, urlFile: 'lists/archive.txt', prefix: null, object: null },
          operation: {
            ...noParameters,
            tag: 'Transcode',
            queueId: 'p4c8e2a6f0b1d43759e7a9c3b5d1f8062',
            userData: 'ticket-4711',
            jobLevel: 1,
            callBack: 'https://hooks.example.com/ci',
            callBackFormat: 'JSON',
            output: {
              region: 'ap-shanghai',
              bucket: 'media-1250000000',
              object: 'out/${InventoryTriggerJobId}/${InputName}.mp4',
              auObject: null,
              spriteObject: null,
            },
            jobParam: { TemplateId: 't7e5c3a1f9d8b46028a4c6e0f2b4d6a81' },
          },
        },
        {
          ...base,
          jobId: 'b2c4e6a8f0d1b3957864a2c0e9f7d5b31',
          name: 'backfill-old',
          status: 'FAILED',
          upstreamStatus: 'Failed',
          isFinished: true,
          createdAt: '2024-05-05T13:10:00Z',
          startedAt: '2024-05-05T13:10:01Z',
          endedAt: '2024-05-05T13:10:04Z',
          type: 'Workflow',
          code: 'ResourceNotFound',
          message: 'the manifest object does not exist',
          input: { manifest: 'inventory/20240505/manifest.json', urlFile: null, prefix: null, object: null },
          operation: { ...noParameters, workflowIds: ['w0a6b3c5d7e9f41728394a5b6c7d8e9f0'] },
        },
      ],
      nextToken: '4187',
      fetchedAt: FETCHED_AT,
    });
  });

  it('is null for an unknown job, in the documented and in the SDK spelling', () => {
    const body = fixture('ci/describe-unknown.xml');
    expect(describe1(body)).toBeNull();
    expect(describe1(body.replaceAll('NonExistJobIds', 'NonExistJobId'))).toBeNull();
  });
});

describe('an answer that varies', () => {
  it.each(['<Response/>', '<Response><RequestId>r</RequestId><NextToken/></Response>'])(
    'has no jobs and no token: %s',
    (body) => {
      expect(list(body)).toEqual({ jobs: [], nextToken: null, fetchedAt: FETCHED_AT });
    },
  );

  it('reads the first-generation shape: no type, empty times, Message Success', () => {
    expect(
      listed(
        `${DETAIL}<Message>Success</Message><StartTime/><EndTime></EndTime><CreationTime>-</CreationTime>`,
      ),
    ).toMatchObject({
      type: 'Workflow',
      message: 'Success',
      code: null,
      createdAt: null,
      startedAt: null,
      endedAt: null,
      input: null,
      operation: null,
    });
  });

  it.each([
    ['<Type>Job</Type>', 'Job'],
    ['<Type>Job</Type><Operation><WorkflowIds>w1</WorkflowIds></Operation>', 'Job'],
    ['<Type>Workflow</Type>', 'Workflow'],
    ['<Type>Pipeline</Type>', 'Job'],
    ['<Type>Pipeline</Type><Operation><WorkflowIds>w1</WorkflowIds></Operation>', 'Workflow'],
  ])('takes %s for the type %s', (elements, type) => {
    expect(listed(DETAIL + elements).type).toBe(type);
  });

  it.each(['Progressing', 'All', 'toString'])('keeps the unknown state %s by its word', (state) => {
    expect(listed(DETAIL.replace('Submitted', state))).toMatchObject({
      status: 'UNKNOWN',
      upstreamStatus: state,
      isFinished: false,
    });
  });

  it('splits the comma list of workflows', () => {
    expect(
      listed(`${DETAIL}<Operation><WorkflowIds>w1, w2,,w3</WorkflowIds></Operation>`).operation?.workflowIds,
    ).toEqual(['w1', 'w2', 'w3']);
  });

  it('takes tag and queue from beside the operation where the operation has none', () => {
    expect(listed(`${DETAIL}<Tag>Concat</Tag><QueueId>p1</QueueId>`).operation).toMatchObject({
      tag: 'Concat',
      queueId: 'p1',
      workflowIds: [],
    });
    expect(listed(`${DETAIL}<Tag>Concat</Tag><Operation><Tag>Tts</Tag></Operation>`).operation).toMatchObject(
      { tag: 'Tts' },
    );
  });

  it('keeps the parameters of a job as a tree', () => {
    const param =
      '<JobParam>\n<PicProcess>\n<IsPicInfo>true</IsPicInfo>\n</PicProcess><Watermark><A>01</A></Watermark><Watermark/></JobParam>';
    expect(listed(`${DETAIL}<Operation>${param}</Operation>`).operation?.jobParam).toEqual({
      PicProcess: { IsPicInfo: 'true' },
      Watermark: [{ A: '01' }, ''],
    });
  });

  it.each([
    ['2', 2],
    ['high', null],
    ['', null],
    ['1.5', null],
  ])('reads the level %j as %j', (text, level) => {
    expect(
      listed(`${DETAIL}<Operation><Tag>Tts</Tag><JobLevel>${text}</JobLevel></Operation>`).operation
        ?.jobLevel,
    ).toBe(level);
  });

  it('keeps the spaces of a prefix and of a name', () => {
    expect(listed(`${DETAIL}<Name> a b </Name><Input><Prefix> in/</Prefix></Input>`)).toMatchObject({
      name: ' a b ',
      input: { prefix: ' in/' },
    });
  });
});

describe('an answer that is no such thing', () => {
  const headers = { 'x-ci-request-id': 'ci-id' };
  const wrap = (detail: string): string => `<Response><JobsDetail>${detail}</JobsDetail></Response>`;

  it.each([
    ['HTML', '<html><body>sign in</body></html>'],
    ['truncated XML', '<Response><JobsDetail>'],
    ['another root', '<ListJobsResult/>'],
    ['JSON', '{"Response":{}}'],
    ['nothing', ''],
    ['a job without id', wrap('<State>Running</State>')],
    ['a job with an id that is a path', wrap('<JobId>..</JobId><State>Running</State>')],
    ['a job without state', wrap(`<JobId>${ID}</JobId>`)],
    ['a job with two states', wrap(`${DETAIL}<State>Running</State>`)],
    ['a structure where a text is due', wrap(`${DETAIL}<Name><A/></Name>`)],
    ['an empty job', wrap('')],
    ['a job that is a text', wrap('text')],
    ['a token of 65 bytes', `<Response><NextToken>${'1'.repeat(65)}</NextToken></Response>`],
  ])('refuses %s whole, with the request id', (_, body) => {
    const error = upstreamErrorOf(() => decodeListing(CI_ORIGIN, anAnswer(body, { headers })));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', requestId: 'ci-id', origin: CI_ORIGIN });
  });

  it.each([
    ['another job', wrap(DETAIL.replace(ID, 'other'))],
    ['two jobs', `<Response><JobsDetail>${DETAIL}</JobsDetail><JobsDetail>${DETAIL}</JobsDetail></Response>`],
    ['neither a job nor its absence', '<Response><RequestId>r</RequestId></Response>'],
    ['an absence without name', '<Response><NonExistJobIds/></Response>'],
  ])('refuses a description of %s', (_, body) => {
    expect(upstreamErrorOf(() => describe1(body)).code).toBe('UPSTREAM_BAD_RESPONSE');
  });

  it('takes the request id from its own header, then the body, then the header of COS', () => {
    const body = '<Response><RequestId>in-body</RequestId><JobsDetail/></Response>';
    const idOf = (text: string, answerHeaders: Record<string, string>): string | null =>
      upstreamErrorOf(() => decodeListing(CI_ORIGIN, anAnswer(text, { headers: answerHeaders }))).requestId;
    const both = { 'x-ci-request-id': 'ci-id', 'x-cos-request-id': 'cos-id' };
    const cosOnly = { 'x-cos-request-id': 'cos-id' };
    expect(idOf(body, both)).toBe('ci-id');
    expect(idOf(body, cosOnly)).toBe('in-body');
    expect(idOf(body.replace('in-body', ''), cosOnly)).toBe('cos-id');
    expect(idOf(body.replace('in-body', 'a b'), {})).toBeNull();
  });
});

describe('an error', () => {
  it('carries code and request id', () => {
    const answer = anAnswer(fixture('ci/error-slow-down.xml'), { status: 429 });
    expect(upstreamErrorOf(() => decodeListing(CI_ORIGIN, answer))).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      upstreamCode: 'SlowDown',
      requestId: 'NjYzODNkZjZfMGEwMDAwMDFfMmYxYV8xZg==',
      retryable: true,
    });
  });

  it('inside a 200 is an error too', () => {
    const answer = anAnswer(fixture('ci/error-slow-down.xml'));
    expect(upstreamErrorOf(() => decodeListing(CI_ORIGIN, answer)).code).toBe('UPSTREAM_RATE_LIMITED');
  });

  it.each([
    ['404 without a body', 404, ''],
    ['404 with a code of its own', 404, '<Error><Code>NoSuchJob</Code></Error>'],
    ['ResourceNotFound', 400, '<Error><Code>ResourceNotFound</Code></Error>'],
  ])('means an unknown job, for a description only: %s', (_, status, body) => {
    expect(describe1(body, { status })).toBeNull();
    expect(upstreamErrorOf(() => decodeListing(CI_ORIGIN, anAnswer(body, { status })))).toBeDefined();
  });

  it.each(['InvalidUrl', 'NoSuchBucket'])(
    'does not mean an unknown job when the address is wrong: %s',
    (code) => {
      const body = `<Error><Code>${code}</Code></Error>`;
      expect(upstreamErrorOf(() => describe1(body, { status: 404 })).upstreamCode).toBe(code);
    },
  );

  it('of authentication is told from one of permission by its status', () => {
    const body = '<Error><Code>AccessDenied</Code></Error>';
    const codeOf = (status: number): string =>
      upstreamErrorOf(() => decodeListing(CI_ORIGIN, anAnswer(body, { status }))).code;
    expect([codeOf(401), codeOf(403)]).toEqual(['UPSTREAM_AUTH_FAILED', 'UPSTREAM_FORBIDDEN']);
  });
});
