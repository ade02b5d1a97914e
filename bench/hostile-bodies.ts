/**
 * For how long does an answer hold up everything else in the process? Reads each kind of answer with the sources' own clients
 * over a socket, in a fresh process for each kind, and prints how long its thread worked at most between two turns of the event
 * loop: in the first read, when nothing is optimised yet, and in the others. Time of the thread and not of the clock, for on a
 * busy machine that would tell how busy it is.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { listOf } from '../test/hostile/bodies.ts';
import { http, startRawUpstream } from '../test/hostile/raw-upstream.ts';
import { JOB_ID } from '../test/hostile/sources.ts';
import { type Kind, KINDS } from './hostile-bodies/kinds.ts';
import type { Order, Reading } from './hostile-bodies/reader.ts';

const RUNS = 12;

async function readingOf({ source, read, play }: Kind): Promise<Reading> {
  const right = await startRawUpstream(http(listOf(source, [JOB_ID])));
  const upstream = await startRawUpstream(play);
  const child = fork(new URL('./hostile-bodies/reader.ts', import.meta.url));
  const order: Order = {
    source,
    read,
    rightEndpoint: right.endpoint,
    endpoint: upstream.endpoint,
    runs: RUNS,
  };
  child.send(order);
  const [reading] = (await once(child, 'message')) as [Reading];
  await Promise.all([right.close(), upstream.close()]);
  return reading;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

console.log('| kind of answer | bytes | outcome | first, ms | median, ms | max, ms |');
console.log('| --- | ---: | --- | ---: | ---: | ---: |');
for (const kind of KINDS) {
  const { outcome, blocksMs } = await readingOf(kind);
  const [first = Number.NaN, ...others] = blocksMs;
  const name = `${kind.source} ${kind.name}`;
  const figures = [first, median(others), Math.max(...others)].map((ms) => ms.toFixed(0));
  console.log(`| ${[name, kind.bytes?.toLocaleString('en') ?? '–', outcome, ...figures].join(' | ')} |`);
}
