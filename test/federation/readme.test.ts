import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { printSubgraphSchema } from '../../src/graphql/schema.ts';
import { COMPOSERS } from './composers.ts';

/** The fenced blocks of one language in a document, in order. */
function blocks(document: string, language: string): string[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
}

describe('what the documents say to teams of other subgraphs', () => {
  it.each(Object.entries(COMPOSERS))('is composed with the gateway by %s', (_name, compose) => {
    const examples = blocks('README.md', 'gql').map((sdl, index) => ({
      name: `example${index}`,
      sdl,
      url: 'http://example/graphql',
    }));
    expect(examples).toHaveLength(2);
    const jobs = { name: 'jobs', sdl: printSubgraphSchema(), url: 'http://jobs/graphql' };
    expect(compose([jobs, ...examples])).toMatchObject({ faults: [], hints: [] });
  });

  it('is a router configuration that can be read', () => {
    const [yaml = ''] = blocks('docs/supergraph.md', 'yaml');
    expect(parseYaml(yaml)).toMatchObject({
      headers: {
        subgraphs: { jobs: { request: [{ insert: { name: 'router-authorization' } }, {}, {}, {}] } },
      },
      include_subgraph_errors: { subgraphs: { jobs: { redact_message: false } } },
    });
  });
});
