import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Plugin } from 'graphql-yoga';

/** The tabs that GraphiQL opens with: a useful first query for each way of asking. */
export interface GraphiqlTab {
  readonly query: string;
  /** As JSON text. */
  readonly variables?: string;
}

interface Page {
  readonly html: string;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/**
 * Answers a browser's GET of `/graphql` with GraphiQL, its scripts and styles within the page: nothing is fetched from
 * elsewhere. The page has 9 MB, so it is made and compressed once, when first asked for, and then kept by browsers.
 */
export function useGraphiql(tabs: readonly GraphiqlTab[]): Plugin {
  let page: Promise<Page> | undefined;
  return {
    onRequest: async ({ request, url, fetchAPI, endResponse }) => {
      if (request.method !== 'GET' || url.pathname !== '/graphql' || !wantsHtml(request)) {
        return;
      }
      page ??= renderPage(tabs);
      const { html, gzipped, etag } = await page;
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'private, max-age=0, must-revalidate',
        vary: 'accept, accept-encoding',
        etag,
      };
      if (request.headers.get('if-none-match') === etag) {
        endResponse(new fetchAPI.Response(null, { status: 304, headers }));
        return;
      }
      const takesGzip = request.headers.get('accept-encoding')?.includes('gzip') ?? false;
      endResponse(
        takesGzip
          ? new fetchAPI.Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } })
          : new fetchAPI.Response(html, { headers }),
      );
    },
  };
}

function wantsHtml(request: Request): boolean {
  return request.headers.get('accept')?.includes('text/html') ?? false;
}

async function renderPage(tabs: readonly GraphiqlTab[]): Promise<Page> {
  // Imported late: it costs 200 ms and 47 MB, and only people who open the page need it.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'jobs-gateway',
    defaultTabs: tabs.map(({ query, variables }) => ({ query, variables: variables ?? null })),
    shouldPersistHeaders: false,
  });
  const gzipped = new Uint8Array(await promisify(gzip)(html));
  const etag = `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`;
  return { html, gzipped, etag };
}
