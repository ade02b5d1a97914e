import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Clock } from './clock.ts';

export interface WatchOptions {
  readonly clock: Clock;
  /** How long nothing must have happened, so that a file is whole when it is read. */
  readonly quietMs: number;
  /** Something happened to the files. They need not differ. */
  readonly onChange: () => void;
  /** A folder can no longer be watched. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Watches files by their folders, for a file is replaced more often than written to: editors rename a new one into place, and
 * a cluster swaps the link `..data` through which its files are read. Sees neither what a link to another folder leads to
 * nor files that are mounted one by one. Keeps no process alive. Returns the way to stop.
 */
export function watchFiles(
  paths: readonly string[],
  { clock, quietMs, onChange, onFailed }: WatchOptions,
): () => void {
  let cancel = (): void => undefined;
  const onEvent = (): void => {
    cancel();
    cancel = clock.after(quietMs, onChange);
  };
  const namesByFolder = Map.groupBy(paths, (path) => dirname(resolve(path)));
  const watchers = [...namesByFolder].flatMap(([folder, files]): FSWatcher[] => {
    const names = new Set(files.map((file) => basename(file)));
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => {
        // Under its own name, that the folder itself has gone.
        if (name === null || names.has(name) || name.startsWith('..') || name === basename(folder)) {
          onEvent();
        }
      });
      return [watcher.on('error', onFailed)];
    } catch (error) {
      onFailed(error);
      return [];
    }
  });
  return () => {
    cancel();
    watchers.forEach((watcher) => watcher.close());
  };
}
