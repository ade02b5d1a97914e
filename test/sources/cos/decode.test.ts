import { describe, expect, it } from 'vitest';
import { decodeDescription, decodeListing } from '../../../src/sources/cos/decode.ts';
import type { CosJob } from '../../../src/sources/cos/model.ts';
import { anAnswer, COS_ORIGIN, FETCHED_AT, fixture, upstreamErrorOf } from '../support.ts';

const ID = '1b7e4c02-8d35-4f6a-a0c9-5e2d91f36b70';
const MEMBER = `<JobId>${ID}</JobId><Status>New</Status><Operation>COSPutObjectCopy</Operation>`;

const list = (body: string) => decodeListing(COS_ORIGIN, anAnswer(body));
const listed = (member: string): CosJob => {
  const [job] = list(`<ListJobsResult><Jobs><member>${member}</member></Jobs></ListJobsResult>`).jobs;
  return job!;
};
const describeBody = (inner: string): string =>
  `<DescribeJobResult><Job><JobId>${ID}</JobId><Status>New</Status>${inner}</Job></DescribeJobResult>`;
const described = (inner: string): CosJob =>
  decodeDescription(COS_ORIGIN, ID, anAnswer(describeBody(inner)))!;

describe('the documented answers', () => {
  it('decodes a page of a listing', () => {
    expect(list(fixture('cos/list-active.xml'))).toEqual({
      jobs: [
        {
          source: 'COS',
          account: 'media',
          region: 'ap-guangzhou',
          jobId: ID,
          name: null,
          description: 'nightly archive copy',
          status: 'RUNNING',
          upstreamStatus: 'Active',
          isFinished: false,
          priority: 20,
          createdAt: '2024-05-06T02:11:09Z',
          startedAt: null,
          endedAt: null,
          progress: { total: 12_000, succeeded: 4_180, failed: 3, running: null, pending: null },
          fetchedAt: FETCHED_AT,
          operationName: 'COSPutObjectCopy',
        },
        {
          source: 'COS',
          account: 'media',
          region: 'ap-guangzhou',
          jobId: '44d09a1f-2c7b-4e18-93ad-7f60c5be8d21',
          name: null,
          description: null,
          status: 'RUNNING',
          upstreamStatus: 'Active',
          isFinished: false,
          priority: 5,
          createdAt: '2024-05-06T01:57:44Z',
          startedAt: null,
          endedAt: null,
          progress: { total: 860, succeeded: 0, failed: 0, running: null, pending: null },
          fetchedAt: FETCHED_AT,
          operationName: 'COSInitiateRestoreObject',
        },
      ],
      nextToken: '44d09a1f-2c7b-4e18-93ad-7f60c5be8d21',
      fetchedAt: FETCHED_AT,
    });
  });

  it('decodes the end of a listing', () => {
    expect(list(fixture('cos/list-end.xml'))).toEqual({ jobs: [], nextToken: null, fetchedAt: FETCHED_AT });
  });

  it('decodes a description with most optional parts', () => {
    const job = decodeDescription(COS_ORIGIN, ID, anAnswer(fixture('cos/describe-failed-copy.xml')));
    expect(job).toEqual({
      source: 'COS',
      account: 'media',
      region: 'ap-guangzhou',
      jobId: ID,
      name: null,
      description: 'nightly archive copy',
      status: 'FAILED',
      upstreamStatus: 'Failed',
      isFinished: true,
      priority: 20,
      createdAt: '2024-05-06T02:11:09Z',
      startedAt: null,
      endedAt: '2024-05-06T02:12:31Z',
      progress: { total: 0, succeeded: 0, failed: 0, running: null, pending: null },
      fetchedAt: FETCHED_AT,
      operationName: 'COSPutObjectCopy',
      detail: {
        confirmationRequired: true,
        clientRequestToken: null,
        failures: [
          {
            code: 'ManifestNotReadable',
            reason: 'manifest object could not be read with the given role',
          },
        ],
        manifest: {
          location: {
            etag: '"9f3c2a7be1d04856c0a1b27f3e5d6c48"',
            objectArn: 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000/lists/2024-05-06.csv',
            objectVersionId: null,
          },
          spec: { format: 'COSBatchOperations_CSV_V1', fields: ['Bucket', 'Key', 'VersionId'] },
        },
        operation: {
          kind: 'PutObjectCopy',
          name: 'COSPutObjectCopy',
          accessControlDirective: 'Replaced',
          accessControlGrants: [
            {
              grantee: {
                identifier: 'qcs::cam::uin/100000000001:uin/100000000007',
                typeIdentifier: 'ID',
                displayName: null,
              },
              permission: 'READ',
            },
          ],
          cannedAccessControlList: null,
          prefixReplace: null,
          resourcesPrefix: null,
          targetKeyPrefix: null,
          metadataDirective: 'Add',
          modifiedSinceConstraint: null,
          unModifiedSinceConstraint: null,
          newObjectMetadata: {
            cacheControl: 'max-age=86400',
            contentDisposition: null,
            contentEncoding: null,
            contentType: null,
            httpExpiresDate: null,
            sseAlgorithm: 'AES256',
            userMetadata: [{ key: 'owner', value: 'ops' }],
          },
          taggingDirective: 'Copy',
          newObjectTagging: [],
          storageClass: 'STANDARD_IA',
          targetResource: 'qcs::cos:ap-shanghai:uid/1250000000:cold-1250000000',
        },
        report: {
          bucket: 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000',
          enabled: true,
          format: 'Report_CSV_V1',
          prefix: 'reports/copy',
          reportScope: 'FailedTasksOnly',
        },
        roleArn: 'qcs::cam::uin/100000000001:roleName/BatchRunner',
        statusUpdateReason: 'confirmed by on-call',
        suspendedCause: null,
        suspendedAt: null,
      },
    });
  });

  it('reads the skeletons of the documentation, in which type names stand for values, without failing', () => {
    const facts = {
      jobId: 'string',
      status: 'UNKNOWN',
      upstreamStatus: 'string',
      isFinished: false,
      priority: null,
      createdAt: null,
      endedAt: null,
      progress: null,
    };
    expect(list(fixture('cos/list-skeleton.xml'))).toMatchObject({ jobs: [facts], nextToken: null });
    const job = decodeDescription(COS_ORIGIN, 'string', anAnswer(fixture('cos/describe-skeleton.xml')));
    expect(job).toMatchObject({
      ...facts,
      detail: {
        failures: [{ code: 'string', reason: 'string' }],
        operation: { newObjectMetadata: { userMetadata: [{ key: 'string' }, { key: 'string' }] } },
        suspendedAt: null,
      },
    });
  });
});

describe('a listing that varies', () => {
  it.each([
    ['no Jobs', ''],
    ['empty Jobs', '<Jobs/>'],
    ['open empty Jobs', '<Jobs>\n</Jobs>'],
  ])('has no jobs with %s', (_, inner) => {
    expect(list(`<ListJobsResult>${inner}</ListJobsResult>`).jobs).toEqual([]);
  });

  it.each([1, 2, 1_001])('has %i jobs as a list', (count) => {
    const members = Array.from(
      { length: count },
      (_, n) => `<member><JobId>id-${n}</JobId><Operation>X</Operation><Status>New</Status></member>`,
    );
    const { jobs } = list(`<ListJobsResult><Jobs>${members.join('\n')}</Jobs></ListJobsResult>`);
    expect(jobs.map(({ jobId }) => jobId)).toEqual(members.map((_, n) => `id-${n}`));
  });

  it.each([
    ['', null],
    ['<NextToken/>', null],
    ['<NextToken> </NextToken>', null],
    ['<NextToken>abc</NextToken>', 'abc'],
  ])('has the token of %j', (element, expected) => {
    expect(list(`<ListJobsResult>${element}</ListJobsResult>`).nextToken).toBe(expected);
  });

  it('may come with a declaration and with its elements in another order', () => {
    const body = `<?xml version='1.0' encoding='utf-8' ?>\n<ListJobsResult><NextToken>t</NextToken><Jobs><member><Status>New</Status><Operation>COSDeleteObject</Operation><JobId>${ID}</JobId></member></Jobs></ListJobsResult>`;
    expect(list(body)).toMatchObject({
      nextToken: 't',
      jobs: [{ jobId: ID, operationName: 'COSDeleteObject' }],
    });
  });

  it.each(['0012e4', '0x1F', '12345678901234567890', 'true'])('keeps the id %s byte for byte', (jobId) => {
    expect(listed(MEMBER.replace(ID, jobId)).jobId).toBe(jobId);
  });

  it('keeps an unknown status and an unknown operation by their words', () => {
    const job = listed(
      `<JobId>${ID}</JobId><Status>Hibernating</Status><Operation>COSFrobnicate</Operation>`,
    );
    expect(job).toMatchObject({
      status: 'UNKNOWN',
      upstreamStatus: 'Hibernating',
      isFinished: false,
      operationName: 'COSFrobnicate',
    });
  });

  it('does not take a word that every object has for a status', () => {
    expect(listed(MEMBER.replace('New', 'constructor')).status).toBe('UNKNOWN');
  });

  it.each([
    ['', null],
    ['<ProgressSummary/>', null],
    [
      '<ProgressSummary><TotalNumberOfTasks>4294967296</TotalNumberOfTasks><AutoManifestStatus>Failed</AutoManifestStatus></ProgressSummary>',
      { total: 4_294_967_296, succeeded: 0, failed: 0, running: null, pending: null },
    ],
    ['<ProgressSummary><TotalNumberOfTasks>9007199254740993</TotalNumberOfTasks></ProgressSummary>', null],
    ['<ProgressSummary><NumberOfTasksFailed>-1</NumberOfTasksFailed></ProgressSummary>', null],
    ['<ProgressSummary><NumberOfTasksFailed>many</NumberOfTasksFailed></ProgressSummary>', null],
  ])('reads the progress of %j', (summary, expected) => {
    expect(listed(MEMBER + summary).progress).toEqual(expected);
  });

  it.each([
    ['2147483647', 2_147_483_647],
    ['2147483648', null],
    ['-1', null],
    ['high', null],
  ])('reads the priority %s as %j', (text, expected) => {
    expect(listed(`${MEMBER}<Priority>${text}</Priority>`).priority).toBe(expected);
  });

  it('keeps the spaces of a description and cleans it of control characters', () => {
    expect(listed(`${MEMBER}<Description>  a\u0007 &lt;b&gt; </Description>`).description).toBe(
      '  a\ufffd <b> ',
    );
    expect(listed(`${MEMBER}<Description/>`).description).toBeNull();
  });

  it('has null for a time that is none', () => {
    expect(
      listed(`${MEMBER}<CreationTime>soon</CreationTime><TerminationDate>-</TerminationDate>`),
    ).toMatchObject({
      createdAt: null,
      endedAt: null,
    });
  });
});

describe('a description that varies', () => {
  const COPY = '<Operation><COSPutObjectCopy/></Operation>';

  it('takes the empty placeholder of a healthy job for no failure', () => {
    const placeholder = '<JobFailure><FailureCode/><FailureReason/></JobFailure>';
    const reasons = `<FailureReasons>${placeholder}</FailureReasons>`;
    expect(described(COPY + reasons).detail?.failures).toEqual([]);
  });

  it('keeps several failures', () => {
    const failure = (n: number): string => `<JobFailure><FailureCode>C${n}</FailureCode></JobFailure>`;
    const reasons = `<FailureReasons>${failure(1)}${failure(2)}</FailureReasons>`;
    expect(described(COPY + reasons).detail?.failures).toEqual([
      { code: 'C1', reason: null },
      { code: 'C2', reason: null },
    ]);
  });

  it('has null or an empty list for every part of a copy that was not given', () => {
    expect(described(COPY).detail).toMatchObject({
      confirmationRequired: false,
      manifest: null,
      report: null,
      roleArn: null,
      operation: {
        kind: 'PutObjectCopy',
        accessControlGrants: [],
        newObjectMetadata: null,
        newObjectTagging: [],
      },
    });
  });

  it('reads every documented part of a copy', () => {
    const copy = [
      '<CannedAccessControlList>private</CannedAccessControlList>',
      '<PrefixReplace>true</PrefixReplace>',
      '<ResourcesPrefix> in/</ResourcesPrefix>',
      '<TargetKeyPrefix>out /</TargetKeyPrefix>',
      '<ModifiedSinceConstraint>1714953600</ModifiedSinceConstraint>',
      '<UnModifiedSinceConstraint>2024-05-06T02:11:09Z</UnModifiedSinceConstraint>',
      '<NewObjectMetadata><ContentDisposition>a</ContentDisposition><ContentEncoding>b</ContentEncoding>',
      '<ContentType>c</ContentType><HttpExpiresDate>d</HttpExpiresDate></NewObjectMetadata>',
      '<TaggingDirective>Replaced</TaggingDirective>',
      '<NewObjectTagging><COSTag><Key>k1</Key><Value/></COSTag><COSTag><Key>k2</Key><Value>v2</Value></COSTag></NewObjectTagging>',
      '<AccessControlGrants><COSGrant><Grantee><Identifier>i</Identifier><DisplayName>n</DisplayName></Grantee></COSGrant>',
      '<COSGrant><Permission>WRITE</Permission></COSGrant></AccessControlGrants>',
    ].join('');
    expect(
      described(`<Operation><COSPutObjectCopy>${copy}</COSPutObjectCopy></Operation>`).detail?.operation,
    ).toMatchObject({
      cannedAccessControlList: 'private',
      prefixReplace: true,
      resourcesPrefix: ' in/',
      targetKeyPrefix: 'out /',
      modifiedSinceConstraint: '1714953600',
      unModifiedSinceConstraint: '2024-05-06T02:11:09Z',
      newObjectMetadata: {
        contentDisposition: 'a',
        contentEncoding: 'b',
        contentType: 'c',
        httpExpiresDate: 'd',
        userMetadata: [],
      },
      taggingDirective: 'Replaced',
      newObjectTagging: [
        { key: 'k1', value: null },
        { key: 'k2', value: 'v2' },
      ],
      accessControlGrants: [
        { grantee: { identifier: 'i', typeIdentifier: null, displayName: 'n' }, permission: null },
        { grantee: null, permission: 'WRITE' },
      ],
    });
  });

  it.each([
    [
      '<COSInitiateRestoreObject><ExpirationInDays>7</ExpirationInDays><JobTier>Bulk</JobTier></COSInitiateRestoreObject>',
      {
        kind: 'InitiateRestoreObject',
        name: 'COSInitiateRestoreObject',
        expirationInDays: 7,
        jobTier: 'Bulk',
      },
    ],
    [
      '<COSPutObjectTagging><TaggingDirective>Add</TaggingDirective><TagSet><COSTag><Key>tier</Key><Value>cold</Value></COSTag></TagSet></COSPutObjectTagging>',
      {
        kind: 'PutObjectTagging',
        name: 'COSPutObjectTagging',
        taggingDirective: 'Add',
        tagSet: [{ key: 'tier', value: 'cold' }],
      },
    ],
    ['<COSDeleteObject></COSDeleteObject>', { kind: 'DeleteObject', name: 'COSDeleteObject' }],
    [
      '<COSFrobnicate><Depth>03</Depth><Rule><A/></Rule><Rule>x</Rule></COSFrobnicate>',
      { kind: 'Other', name: 'COSFrobnicate', parameters: { Depth: '03', Rule: [{ A: '' }, 'x'] } },
    ],
    ['<COSFrobnicate/>', { kind: 'Other', name: 'COSFrobnicate', parameters: {} }],
  ])('reads the operation %s', (operation, expected) => {
    const job = described(`<Operation>\n${operation}\n</Operation>`);
    expect(job.detail?.operation).toEqual(expected);
    expect(job.operationName).toBe(expected.name);
  });

  it.each(['qcs::cos:ap-guangzhou::ops-1/list.csv', 'qcs::cos:ap-guangzhou:uid/1:ops-1/list .csv '])(
    'keeps the resource name %j',
    (arn) => {
      const manifest = `<Manifest><Location><ObjectArn>${arn}</ObjectArn></Location></Manifest>`;
      expect(described(COPY + manifest).detail?.manifest).toEqual({
        location: { etag: null, objectArn: arn, objectVersionId: null },
        spec: null,
      });
    },
  );

  it('reads a job that waits for confirmation', () => {
    const suspended =
      '<SuspendedCause>awaiting confirmation</SuspendedCause><SuspendedDate>2024-05-06T02:11:21Z</SuspendedDate><ClientRequestToken>t</ClientRequestToken>';
    expect(described(COPY + suspended).detail).toMatchObject({
      suspendedCause: 'awaiting confirmation',
      suspendedAt: '2024-05-06T02:11:21Z',
      clientRequestToken: 't',
    });
  });
});

describe('an answer that is no such thing', () => {
  const headers = { 'x-cos-request-id': 'NjYzODNkZWRf' };
  const wrap = (member: string): string =>
    `<ListJobsResult><Jobs><member>${member}</member></Jobs></ListJobsResult>`;

  it.each([
    ['HTML', '<html><body>sign in</body></html>'],
    ['a doctype', '<!DOCTYPE html><html></html>'],
    ['truncated XML', '<ListJobsResult><Jobs><member>'],
    ['the root of another call', '<DescribeJobResult><Job/></DescribeJobResult>'],
    ['JSON', '{"Response":{"JobSet":[]}}'],
    ['nothing', ''],
    ['an Error without a code', '<Error/>'],
    ['a job without id', wrap(MEMBER.replace(/<JobId>.*<\/JobId>/, ''))],
    ['a job with an id that is a path', wrap(MEMBER.replace(ID, '../x'))],
    ['a job with two ids', wrap(`${MEMBER}<JobId>${ID}</JobId>`)],
    ['a job without status', wrap(MEMBER.replace('<Status>New</Status>', '<Status/>'))],
    ['a job without operation', wrap(`<JobId>${ID}</JobId><Status>New</Status>`)],
    ['a job whose operation is a structure', wrap(MEMBER.replace('COSPutObjectCopy', '<COSPutObjectCopy/>'))],
    ['a member that is a text', wrap('text')],
    ['an empty member', wrap('')],
    ['Jobs twice', '<ListJobsResult><Jobs/><Jobs/></ListJobsResult>'],
    ['a token of 65 bytes', `<ListJobsResult><NextToken>${'a'.repeat(65)}</NextToken></ListJobsResult>`],
    ['a token with a line break', '<ListJobsResult><NextToken>a\nb</NextToken></ListJobsResult>'],
  ])('refuses %s whole, with the request id', (_, body) => {
    const error = upstreamErrorOf(() => decodeListing(COS_ORIGIN, anAnswer(body, { headers })));
    expect(error).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: 'NjYzODNkZWRf',
      origin: COS_ORIGIN,
    });
  });

  it.each([
    ['another job', describeBody('<Operation><X/></Operation>').replace(ID, 'other')],
    ['no job', '<DescribeJobResult/>'],
    ['two jobs', '<DescribeJobResult><Job/><Job/></DescribeJobResult>'],
    ['no operation', describeBody('')],
    ['an empty operation', describeBody('<Operation/>')],
    ['two operations', describeBody('<Operation><A/><B/></Operation>')],
    ['an operation twice', describeBody('<Operation><COSDeleteObject/><COSDeleteObject/></Operation>')],
    ['an unknown operation twice', describeBody('<Operation><X/><X/></Operation>')],
    ['a structure where a text is due', describeBody('<Operation><X/></Operation><RoleArn><A/></RoleArn>')],
  ])('refuses a description of %s', (_, body) => {
    const error = upstreamErrorOf(() => decodeDescription(COS_ORIGIN, ID, anAnswer(body, { headers })));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', requestId: 'NjYzODNkZWRf' });
  });

  it('takes a 204 for no answer rather than for no jobs', () => {
    const error = upstreamErrorOf(() => decodeListing(COS_ORIGIN, anAnswer('', { status: 204 })));
    expect(error.code).toBe('UPSTREAM_BAD_RESPONSE');
  });
});

describe('an error', () => {
  it('is null where it says that the job does not exist, and only for a description', () => {
    const answer = anAnswer(fixture('cos/error-no-such-job.xml'), { status: 404 });
    expect(decodeDescription(COS_ORIGIN, ID, answer)).toBeNull();
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, answer)).upstreamCode).toBe('NoSuchJob');
  });

  it('carries code and request id of a body with further children, and nothing of its text', () => {
    const answer = anAnswer(fixture('cos/error-signature-mismatch.xml'), { status: 403 });
    const error = upstreamErrorOf(() => decodeListing(COS_ORIGIN, answer));
    expect(error).toMatchObject({
      code: 'UPSTREAM_AUTH_FAILED',
      upstreamCode: 'SignatureDoesNotMatch',
      requestId: 'NjU1M2YxMDBfMGEwMDAwMDFfMWEyYl8x',
      httpStatus: 403,
    });
    expect(error.message).not.toContain('cos-control');
  });

  it('takes the request id of the header before that of the body, and neither when it is not fit to be shown', () => {
    const body = '<Error><Code>SlowDown</Code><RequestId>in-body</RequestId></Error>';
    const idOf = (id: string): string | null =>
      upstreamErrorOf(() =>
        decodeListing(COS_ORIGIN, anAnswer(body, { status: 503, headers: { 'x-cos-request-id': id } })),
      ).requestId;
    expect(idOf('in-header')).toBe('in-header');
    expect(idOf('x\u001b[31m')).toBe('in-body');
    const hostile = anAnswer(body.replace('in-body', 'a&#10;b'), { status: 503 });
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, hostile)).requestId).toBeNull();
  });

  it.each([
    ['XML', 200, '<Error><Code>SlowDown</Code></Error>', 'UPSTREAM_RATE_LIMITED'],
    ['JSON', 200, '{"code":"AccessDenied","message":"m","request_id":"r"}', 'UPSTREAM_FORBIDDEN'],
    ['JSON', 403, '{"code":"InvalidAccessKeyId"}', 'UPSTREAM_AUTH_FAILED'],
    ['nothing', 503, '', 'UPSTREAM_UNAVAILABLE'],
    ['HTML', 502, '<html>bad gateway</html>', 'UPSTREAM_UNAVAILABLE'],
    ['nothing', 429, '', 'UPSTREAM_RATE_LIMITED'],
    ['a code that nobody knows', 400, '<Error><Code>Weird</Code></Error>', 'UPSTREAM_REJECTED'],
  ])('is understood from %s with status %i: %s', (_, status, body, code) => {
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, anAnswer(body, { status }))).code).toBe(code);
  });

  it('tells a signature out of its time from a missing grant', () => {
    const answer = (message: string) =>
      anAnswer(`<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`, { status: 403 });
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, answer('Request has expired')))).toMatchObject({
      code: 'UPSTREAM_AUTH_FAILED',
      upstreamCode: 'AccessDenied',
    });
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, answer('Access Denied.'))).code).toBe(
      'UPSTREAM_FORBIDDEN',
    );
  });

  it('carries how long to wait', () => {
    const answer = anAnswer('<Error><Code>SlowDown</Code></Error>', {
      status: 503,
      headers: { 'retry-after': '2' },
    });
    expect(upstreamErrorOf(() => decodeListing(COS_ORIGIN, answer)).retryAfterMs).toBe(2_000);
  });
});
