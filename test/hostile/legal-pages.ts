/** Answers as long and as full as the vendor's documents allow, and some beyond what is asked for: none of them may be refused. */
import { descriptionText, jobText, listText } from './bodies.ts';
import { JOB_ID } from './sources.ts';

const numbered = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join('');

/** A description holds up to 256 bytes. */
export const PLAIN_TEXT = 'nightly archive copy';
export const CJK_TEXT = '名'.repeat(85);
export const QUOTES = '&quot;'.repeat(256);

/** Jobs with everything that ListJobs shows, indented as it is. */
export function cosPage(count: number, description: string): string {
  const more = `
			<CreationTime>2024-05-06T02:11:09Z</CreationTime>
			<Description>${description}</Description>
			<Priority>20</Priority>
			<ProgressSummary>
				<NumberOfTasksFailed>3</NumberOfTasksFailed>
				<NumberOfTasksSucceeded>4180</NumberOfTasksSucceeded>
				<TotalNumberOfTasks>12000</TotalNumberOfTasks>
			</ProgressSummary>
			<TerminationDate>2024-05-06T03:11:09Z</TerminationDate>
		`;
  const id = (n: number): string => `1b7e4c02-8d35-4f6a-a0c9-${String(n).padStart(12, '0')}`;
  return listText('COS', [numbered(count, (n) => jobText('COS', id(n), more))]);
}

/** Jobs with 60 parameters each, several times as many as any template has. */
export function ciPage(count: number): string {
  const params = numbered(60, (n) => `<Param${n}>value</Param${n}>`);
  const more = `<CreationTime>2022-06-27T15:23:10+0800</CreationTime><Input><Prefix>in/</Prefix></Input>
    <Operation><UserData>ticket</UserData><JobParam>${params}</JobParam></Operation>`;
  const id = (n: number): string => `b5f0c1d27a9e34b60812cd4ef7a3b${String(n).padStart(4, '0')}`;
  return listText('CI', [numbered(count, (n) => jobText('CI', id(n), `<Name>backfill ${n}</Name>${more}`))]);
}

/** Jobs with 50 tags each, as many as a resource of Tencent Cloud may have. */
export function batchComputePage(count: number): string {
  const tags = Array.from({ length: 50 }, (_, n) => `{"Key":"key-${n}","Value":"value, of: ${n}"}`).join(',');
  const job = (n: number): string =>
    jobText(
      'BATCH_COMPUTE',
      `job-${String(n).padStart(8, '0')}`,
      `,"JobName":"nightly ${n}","Priority":1,"Placement":{"Zone":"ap-guangzhou-4"},"Tags":[${tags}]`,
    );
  return listText(
    'BATCH_COMPUTE',
    Array.from({ length: count }, (_, n) => job(n)),
  );
}

/** A COS job with 100 grants, as many as an access control list may have, 50 tags and texts of quotation marks alone. */
export function cosDescription(): string {
  const text = (name: string, bytes: number): string => `<${name}>${'&quot;'.repeat(bytes)}</${name}>`;
  const grant =
    '<COSGrant><Grantee><Identifier>i</Identifier><TypeIdentifier>ID</TypeIdentifier><DisplayName>n</DisplayName></Grantee><Permission>READ</Permission></COSGrant>';
  const pair = '<member><Key>k</Key><Value>v</Value></member>';
  const copy = `<COSPutObjectCopy><AccessControlGrants>${grant.repeat(100)}</AccessControlGrants><NewObjectMetadata><UserMetadata>${pair.repeat(50)}</UserMetadata></NewObjectMetadata></COSPutObjectCopy>`;
  const texts =
    text('Description', 256) +
    text('StatusUpdateReason', 256) +
    text('SuspendedCause', 1_024) +
    `<FailureReasons><JobFailure>${text('FailureReason', 256)}</JobFailure></FailureReasons>`;
  return descriptionText('COS', JOB_ID, texts).replace('<COSDeleteObject/>', copy);
}

/** A CI job with 500 parameters. */
export function ciDescription(): string {
  const params = numbered(500, (n) => `<Param${n}>value of the parameter</Param${n}>`);
  return descriptionText('CI', JOB_ID, `<Operation><JobParam>${params}</JobParam></Operation>`);
}

/** A BatchCompute job with 500 tasks, each of which depends on another. */
export function batchComputeDescription(): string {
  const tasks = Array.from(
    { length: 500 },
    (_, n) =>
      `{"TaskName":"task-${n}","TaskState":"RUNNING","CreateTime":"2026-03-01T00:00:05Z","EndTime":null}`,
  );
  const dependencies = tasks.map((_, n) => `{"StartTask":"task-${n}","EndTask":"task-${n + 1}"}`);
  return descriptionText('BATCH_COMPUTE', JOB_ID)
    .replace('"TaskSet":[]', `"TaskSet":[${tasks.join(',')}]`)
    .replace('"DependenceSet":[]', `"DependenceSet":[${dependencies.join(',')}]`);
}
