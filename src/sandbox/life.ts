/** A stretch of a job's (or task's) life. */
export interface Phase {
  readonly status: string;
  /** Milliseconds after the creation of the job. */
  readonly fromMs: number;
  /** Share of the work done when the phase begins, 0 to 1. Within a phase it moves evenly towards the next phase's. */
  readonly done: number;
}

/** What happens to a job, told in advance: its state at any time follows from this and the clock, and from nothing else. */
export type Life = readonly [Phase, ...Phase[]];

/** One line of a script: stay in `status` for `forMs`, and have `doneAfter` of the work done by then (default: no progress). */
export interface Step {
  readonly status: string;
  readonly forMs: number;
  readonly doneAfter?: number;
}

/** Steps one after the other, then `last` for ever. */
export function lifeOf(steps: readonly Step[], last: string): Life {
  const phases: Phase[] = [];
  let fromMs = 0;
  let done = 0;
  for (const step of steps) {
    phases.push({ status: step.status, fromMs, done });
    fromMs += step.forMs;
    done = step.doneAfter ?? done;
  }
  const end: Phase = { status: last, fromMs, done };
  const [first, ...rest] = phases;
  return first === undefined ? [end] : [first, ...rest, end];
}

/** A life without events. */
export function still(status: string, done = 0): Life {
  return [{ status, fromMs: 0, done }];
}

/** The life up to `atMs`, and from then on `status` with the work done so far. */
export function cutLife(life: Life, atMs: number, status: string): Life {
  const end: Phase = { status, fromMs: atMs, done: doneAt(life, atMs) };
  const [first, ...rest] = life.filter((phase) => phase.fromMs < atMs);
  return first === undefined ? [end] : [first, ...rest, end];
}

/** The phases entered by `elapsedMs` after creation, oldest first; at least the first one. */
export function phasesUntil(life: Life, elapsedMs: number): Life {
  const [first, ...rest] = life;
  return [first, ...rest.filter((phase) => phase.fromMs <= elapsedMs)];
}

export function phaseAt(life: Life, elapsedMs: number): Phase {
  const reached = phasesUntil(life, elapsedMs);
  return reached[reached.length - 1] ?? life[0];
}

/** Share of the work done at `elapsedMs` after creation, 0 to 1; never goes back. */
export function doneAt(life: Life, elapsedMs: number): number {
  const current = phaseAt(life, elapsedMs);
  const next = life[life.indexOf(current) + 1];
  if (next === undefined) {
    return current.done;
  }
  const share = (elapsedMs - current.fromMs) / (next.fromMs - current.fromMs);
  return current.done + (next.done - current.done) * Math.max(0, share);
}
