import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Without indentation, which an excerpt has its own of. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const examples = globSync('examples/*/*.{ts,tsx}', { cwd: ROOT }).map((path) =>
  linesOf(read(path)).join('\n'),
);

/** The excerpts of TypeScript in a page. */
function excerptsIn(path: string): string[] {
  return [...read(path).matchAll(/```tsx?\n([\s\S]*?)```/g)].map(([, text = '']) => linesOf(text).join('\n'));
}

describe('each excerpt', () => {
  const excerpts = ['examples/README.md', 'README.md'].flatMap((page) =>
    excerptsIn(page).map((text) => ({ page, text })),
  );

  it('is there', () => {
    expect(excerpts.length).toBeGreaterThan(0);
  });

  it.each(excerpts)('stands in an example as it is shown by $page: $text', ({ text }) => {
    expect(examples.some((example) => example.includes(text))).toBe(true);
  });
});
