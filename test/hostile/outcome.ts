import { expect } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import type { JobSource } from '../../src/model/origin.ts';
import type { SendLimits } from '../../src/upstream/onion.ts';
import { type Play, startRawUpstream } from './raw-upstream.ts';
import { type HostileClient, hostileClient, SOURCES } from './sources.ts';

/** For an upstream that does not come to an end. */
export const SHORT_ATTEMPT_MS = 150;

/** What a read came to, as a client sees it, and how often the upstream was asked. */
export type Outcome =
  | {
      readonly code: string;
      readonly retryable: boolean;
      readonly upstreamCode: string | null;
      readonly requestId: string | null;
      readonly attempts: number;
    }
  | { readonly result: unknown; readonly attempts: number };

/** What the read gives when the upstream plays that. Fails the test where an error tells more than it may. */
export async function outcomeOf(
  source: JobSource,
  play: Play,
  read: (client: HostileClient) => Promise<unknown>,
  limits: Partial<SendLimits> = {},
): Promise<Outcome> {
  const upstream = await startRawUpstream(play);
  const client = hostileClient(source, upstream.endpoint, limits);
  try {
    const result = await read(client);
    return { result, attempts: upstream.requests.length };
  } catch (error) {
    const { code, retryable, upstreamCode, requestId } = upstreamError(error);
    return { code, retryable, upstreamCode, requestId, attempts: upstream.requests.length };
  } finally {
    await client.close();
    await upstream.close();
  }
}

/** The outcomes of one read from several sources, side by side. */
export async function outcomesOf(
  play: (source: JobSource) => Play,
  read: (client: HostileClient) => Promise<unknown>,
  { limits = {}, sources = SOURCES }: OutcomeSettings = {},
): Promise<Record<string, Outcome>> {
  const entries = sources.map(
    async (source) => [source, await outcomeOf(source, play(source), read, limits)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

interface OutcomeSettings {
  readonly limits?: Partial<SendLimits>;
  /** All three unless told. */
  readonly sources?: readonly JobSource[];
}

/** What the function gives for each source. */
export function forEachSource<T>(
  value: (source: JobSource) => T,
  sources: readonly JobSource[] = SOURCES,
): Record<string, T> {
  return Object.fromEntries(sources.map((source) => [source, value(source)]));
}

/** The ids of a listing's jobs. */
export async function jobIds(client: HostileClient): Promise<string[]> {
  return (await client.list()).jobs.map(({ jobId }) => jobId);
}

/** An error that a client may see: typed, and without anything of the upstream's or of the gateway's secrets. */
function upstreamError(error: unknown): UpstreamError {
  if (!(error instanceof UpstreamError)) {
    throw new Error('expected an UpstreamError', { cause: error });
  }
  expect(error.message).not.toMatch(/canary|evil|10\.1\.2\.3|127\.0\.0\.1|myqcloud|tencentcloudapi/);
  expect(error.message).not.toMatch(/hostile|AKID|q-sign|TC3|\s{2}|\n/);
  return error;
}
