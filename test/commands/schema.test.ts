import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli } from './support.ts';

const written = (name: string): string =>
  readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8');

describe('schema', () => {
  it('prints the graph with its federation directives', async () => {
    const { code, stdout: out } = await cli(['schema']);
    expect(code).toBe(0);
    expect(out.trim()).toBe(written('subgraph').trim());
    expect(out).toContain('@key(fields: "id")');
  });

  it('prints it without them', async () => {
    const { code, stdout: out } = await cli(['schema', '--api']);
    expect(code).toBe(0);
    expect(out.trim()).toBe(written('api').trim());
    expect(out).not.toContain('@key');
  });

  it('finds the files of the repository fresh', async () => {
    expect(await cli(['schema', '--check'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('needs no configuration, not even a sound one', async () => {
    const { code, stdout, stderr } = await cli(['schema'], { PORT: 'http', TENCENTCLOUD_SECRET_ID: '' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim()).toBe(written('subgraph').trim());
  });
});
