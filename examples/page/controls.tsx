import type { ReactNode } from 'react';

/** `null`: all. */
export type StatusChoice = 'RUNNING' | 'FAILED' | null;

export function StatusSelect({
  value,
  onChange,
}: {
  value: StatusChoice;
  onChange: (value: StatusChoice) => void;
}) {
  return (
    <label>
      Show{' '}
      <select
        value={value ?? ''}
        onChange={({ target }) => onChange(target.value === '' ? null : (target.value as StatusChoice))}
      >
        <option value="">all jobs</option>
        <option value="RUNNING">running jobs</option>
        <option value="FAILED">failed jobs</option>
      </select>
    </label>
  );
}

/** Asks for a COS job’s own id, and shows beneath what came of it. */
export function LookUp({ onSubmit, children }: { onSubmit: (jobId: string) => void; children: ReactNode }) {
  return (
    <section>
      <form action={(data) => onSubmit(data.get('jobId') as string)}>
        <label>
          COS job <input name="jobId" required />
        </label>
        <button>Look up</button>
      </form>
      <output>{children}</output>
    </section>
  );
}
