import { readFileSync } from 'node:fs';
import { type Config, ConfigError, readConfig } from '../config.ts';

/** What the environment and its files say at present. */
export interface LoadedConfig {
  /** Null where it has faults. */
  readonly config: Config | null;
  /** One line each. */
  readonly faults: readonly string[];
  /** The same as a text for people; empty without faults. */
  readonly message: string;
  /** Every file that was read, or was to be. */
  readonly files: readonly string[];
}

/** Reads the configuration and whatever files it names. Throws only what is no fault of the configuration. */
export async function loadConfig(): Promise<LoadedConfig> {
  const files: string[] = [];
  try {
    const config = readConfig(undefined, (path) => {
      files.push(path);
      return readFileSync(path, 'utf8');
    });
    await checkDocuments(config);
    return { config, faults: [], message: '', files };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { config: null, faults: error.faults, message: error.message, files };
    }
    throw error;
  }
}

/** Throws `ConfigError` for the documents that this graph could not answer. */
async function checkDocuments({ documents, federation }: Config): Promise<void> {
  if (documents.list.length === 0) {
    return;
  }
  const { clientSchema } = await import('../graphql/schema.ts');
  const { documentCheck } = await import('../server/documents/document-check.ts');
  const faultOf = documentCheck(clientSchema(federation));
  const faults = documents.list.flatMap(({ id, text, manifest }) => {
    const fault = faultOf(text);
    return fault === null ? [] : [`${manifest}: expected documents of this graph, got ${id}: ${fault}`];
  });
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
}
