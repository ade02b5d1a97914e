import type { LiveApp } from '../live-app.ts';
import type { Clock } from '../lib/clock.ts';
import { watchFiles } from '../lib/watch-files.ts';
import { loadConfig } from './load-config.ts';
import type { Terminal } from './terminal.ts';

export interface ReloadOptions {
  readonly live: LiveApp;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** What the configuration was read from. */
  readonly files: readonly string[];
}

/** Told by whoever runs the process, or seen. */
type Why = 'SIGHUP' | 'file';

/** Writing a file takes an editor or a cluster a few milliseconds. */
const QUIET_MS = 250;

/**
 * Reads the configuration anew on SIGHUP and, unless `server.watchConfig` is false, whenever one of its files changes. A sound
 * one holds from then on; of one with faults each is told, and nothing changes. Returns the way to stop.
 */
export function reloadOnChange({ live, terminal, clock, files }: ReloadOptions): () => void {
  const { watchConfig } = live.config.server;
  let reloading = Promise.resolve();
  let isStopped = false;
  let watched = [...new Set(files)];
  let stopWatching = (): void => undefined;
  /** What was complained of last: a folder in which other things happen is no reason to repeat it. */
  let told: ReadonlySet<string> = new Set();

  const reload = async (why: Why): Promise<void> => {
    // Before they are read, so that no change falls between; and each time, for a folder may have made way for another.
    watch();
    const { config, faults, files: filesNow } = await loadConfig();
    if (isStopped) {
      return;
    }
    if (config === null) {
      if (why === 'SIGHUP' || faults.some((fault) => !told.has(fault))) {
        const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
        terminal.error(`The new configuration has ${count}, and the one before stays:`);
        faults.forEach((fault) => terminal.error(`  ${fault}`));
      }
      told = new Set(faults);
    } else {
      const { isNew, kept } = live.replace(config);
      if (isNew) {
        terminal.out('The new configuration holds.');
      } else if (why === 'SIGHUP') {
        terminal.out('The configuration is as it was.');
      }
      const warnings = kept.map((key) => `Warning: ${key} changes only with the next start.`);
      warnings
        .filter((line) => isNew || why === 'SIGHUP' || !told.has(line))
        .forEach((line) => terminal.error(line));
      told = new Set(warnings);
    }
    const named = [...new Set([...files, ...filesNow])];
    if (watchConfig && named.join('\n') !== watched.join('\n')) {
      watched = named;
      reloadSoon('file');
    }
  };

  /** One after the other, so that what was read last is what holds. */
  const reloadSoon = (why: Why): void => {
    reloading = reloading
      .then(() => reload(why))
      .catch((error: unknown) => {
        const name = error instanceof Error ? error.name : 'an error';
        terminal.error(
          `The new configuration could not be put in place (${name}), and the one before stays.`,
        );
      });
  };

  const watch = (): void => {
    stopWatching();
    if (watchConfig && !isStopped) {
      stopWatching = watchFiles(watched, {
        clock,
        quietMs: QUIET_MS,
        onChange: () => reloadSoon('file'),
        onFailed: () =>
          terminal.error(
            'Warning: the files of the configuration cannot be watched: send SIGHUP when they change.',
          ),
      });
    }
  };

  // Heard to the last: a process that is ending would be killed by it.
  terminal.onHangUp(() => reloadSoon('SIGHUP'));
  if (watchConfig) {
    // What has changed since they were read at the start is known of nowhere.
    reloadSoon('file');
  }
  return () => {
    isStopped = true;
    stopWatching();
  };
}
