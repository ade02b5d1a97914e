import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider } from 'react-relay';
import { createEnvironment } from './environment.ts';
import { JobsPage } from './jobs-page.tsx';
import '../page/page.css';

createRoot(document.querySelector('#root') as Element).render(
  <StrictMode>
    <RelayEnvironmentProvider environment={createEnvironment()}>
      <JobsPage />
    </RelayEnvironmentProvider>
  </StrictMode>,
);
