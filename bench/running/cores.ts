import { execFileSync } from 'node:child_process';

/** Keeps all threads of a process on one core (Linux: `taskset`), so that what is measured there is not the neighbours' work. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** As `pin`, and lets the other threads of the process, such as the garbage collector's, be where there is room. */
export function pinMainThread(pid: number, core: number): void {
  execFileSync('taskset', ['-cp', String(core), String(pid)], { stdio: 'ignore' });
}
