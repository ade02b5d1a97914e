import { useEffect, useState } from 'react';
import type { Fault } from './fault.tsx';

export interface OriginReport {
  readonly source: string;
  readonly account: string;
  readonly region: string;
  readonly bucket?: string | null | undefined;
  readonly outcome: string;
  readonly error?: Fault | null | undefined;
}

/** How long to wait where nothing says how long, and at most. */
const USUAL_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Names the places whose jobs are missing. Nothing is lost: they come with a later page of the same walk, so "Try again"
 * loads the next page. It waits for as long as the gateway asks, and is not there when asking again is of no use.
 */
export function FailedOrigins({
  origins,
  tryAgain,
}: {
  origins: readonly OriginReport[];
  tryAgain: () => void;
}) {
  const failed = origins.filter(({ outcome }) => outcome === 'FAILED');
  const retryable = failed.flatMap(({ error }) => (error?.retryable === true ? [error] : []));
  const waits = retryable.map(({ retryAfterMs }) => retryAfterMs ?? USUAL_WAIT_MS);
  const waitMs = Math.min(LONGEST_WAIT_MS, ...waits);
  const [attempt, setAttempt] = useState(0);
  const isTime = useWait(waitMs, origins, attempt);
  if (failed.length === 0) {
    return null;
  }
  return (
    <aside role="status">
      Jobs are missing:
      <ul>
        {failed.map(({ source, account, region, bucket, error }) => (
          <li key={[source, account, region, bucket].join(' ')}>
            {source} {account} {bucket ?? region}: {error?.code}
          </li>
        ))}
      </ul>
      {retryable.length > 0 && (
        <button
          disabled={!isTime}
          onClick={() => {
            setAttempt(attempt + 1);
            tryAgain();
          }}
        >
          Try again
        </button>
      )}
    </aside>
  );
}

/** Whether `waitMs` have passed since this report, or since the last attempt if that brought the same report. */
function useWait(waitMs: number, report: unknown, attempt: number): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    setIsOver(false);
    const timer = setTimeout(() => setIsOver(true), waitMs);
    return () => clearTimeout(timer);
  }, [waitMs, report, attempt]);
  return isOver;
}
