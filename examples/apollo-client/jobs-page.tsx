import { useState } from 'react';
import { type StatusChoice, StatusSelect } from '../page/controls.tsx';
import { CosJobLookUp } from './cos-job-look-up.tsx';
import { JobList } from './job-list.tsx';

export function JobsPage() {
  const [status, setStatus] = useState<StatusChoice>(null);
  return (
    <main>
      <CosJobLookUp />
      <StatusSelect value={status} onChange={setStatus} />
      <JobList status={status} />
    </main>
  );
}
