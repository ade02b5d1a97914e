import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from './client.ts';
import { JobsPage } from './jobs-page.tsx';
import '../page/page.css';

createRoot(document.querySelector('#root') as Element).render(
  <StrictMode>
    <ApolloProvider client={createClient()}>
      <JobsPage />
    </ApolloProvider>
  </StrictMode>,
);
