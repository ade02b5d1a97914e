import { type Profiler, Session } from 'node:inspector/promises';

/** CPU time in microseconds by the part that spent it: a package, a file of ours, a module of Node's. */
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
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times: Record<string, number> = {};
  samples.forEach((id, index) => {
    const part = partOf(id, frames, parents);
    if (part !== 'idle') {
      times[part] = (times[part] ?? 0) + (timeDeltas[index] ?? 0);
    }
  });
  return times;
}

type Frame = Profiler.Profile['nodes'][number]['callFrame'];

/** What has no file, such as `Date.parse` or `JSON.stringify`, is its caller's time. */
function partOf(
  id: number,
  frames: ReadonlyMap<number, Frame>,
  parents: ReadonlyMap<number, number>,
): string {
  const frame = frames.get(id);
  switch (frame?.functionName) {
    case '(idle)':
      return 'idle';
    case '(garbage collector)':
      return 'garbage collection';
    case '(program)':
    case '(root)':
    case undefined:
      return 'Node, native';
    default:
  }
  const parent = parents.get(id);
  if (frame?.url === '' && parent !== undefined) {
    return partOf(parent, frames, parents);
  }
  const url = frame?.url ?? '';
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  const [, own] = /\/((?:src|bench)\/.+)$/.exec(url) ?? [];
  const [, node] = /^node:(?:internal\/)?([a-z_]+)/.exec(url) ?? [];
  return dependency ?? own ?? `node:${node}`;
}
