import { type Profiler, Session } from 'node:inspector/promises';

/** CPU time in microseconds by the part of the program that spent it: a package, a folder of ours, or Node. */
export type TimeByPart = Readonly<Record<string, number>>;

/** Starts to sample this process; what it gives ends that and tells where the time went. */
export async function startProfile(): Promise<() => Promise<TimeByPart>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return timeByPart(profile);
  };
}

function timeByPart({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TimeByPart {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const times: Record<string, number> = {};
  samples.forEach((id, index) => {
    const part = parts.get(id) ?? 'idle';
    if (part !== 'idle') {
      times[part] = (times[part] ?? 0) + (timeDeltas[index] ?? 0);
    }
  });
  return times;
}

function partOf({ url, functionName }: Profiler.Profile['nodes'][number]['callFrame']): string {
  if (functionName === '(idle)') {
    return 'idle';
  }
  if (functionName === '(garbage collector)') {
    return 'garbage collection';
  }
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  const [, own] = /\/((?:src|bench)(?:\/[^/]+(?=\/))?)/.exec(url) ?? [];
  return dependency ?? own ?? 'Node';
}
