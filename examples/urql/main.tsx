import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { createClient } from './client.ts';
import { JobsPage } from './jobs-page.tsx';
import '../page/page.css';

createRoot(document.querySelector('#root') as Element).render(
  <StrictMode>
    <Provider value={createClient()}>
      <JobsPage />
    </Provider>
  </StrictMode>,
);
