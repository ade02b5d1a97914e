/**
 * Holds the graph to what was released: `npm run schema:diff`. Exit 1 when a change asks for more than the version or
 * the changelog gives. `-- --release` keeps the graph as that of the package's version.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reviewGraph } from './schema-diff/review.ts';
import { ROOT } from './source-tree.ts';

const { values } = parseArgs({ options: { release: { type: 'boolean', default: false } } });
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
};
const mayGoOn = await reviewGraph(
  { folder: join(ROOT, 'schema'), version, release: values.release },
  console.log,
);
process.exitCode = mayGoOn ? 0 : 1;
