import { OriginNotConfiguredError } from '../model/errors.ts';
import { type JobRef, placeOf } from '../model/global-id.ts';
import type { JobSource, Origin } from '../model/origin.ts';
import type { VisibleAccounts } from '../model/principal.ts';
import type {
  BatchComputeFilter,
  BatchComputeJob,
  BatchComputeJobDetail,
} from '../sources/batch-compute/model.ts';
import type { CiFilter, CiJob } from '../sources/ci/model.ts';
import type { CosFilter, CosJob, CosJobDetail } from '../sources/cos/model.ts';
import type { ScanChunk, ScanRequest, Source } from '../sources/source.ts';
import type { CallScope } from '../lib/call-scope.ts';

export type CosSource = Source<CosJob, CosJobDetail, CosFilter>;
export type BatchComputeSource = Source<BatchComputeJob, BatchComputeJobDetail, BatchComputeFilter>;
export type CiSource = Source<CiJob, null, CiFilter>;

/** Any job; `source` tells which. */
export type Job = CosJob | BatchComputeJob | CiJob;

/** Any source, as far as the merged listing uses it. */
export interface ScannableSource {
  readonly origin: Origin;
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<Job>, void, undefined>;
}

/** The sources of all configured origins, in the order of the configuration. */
export interface ConfiguredSources {
  readonly cos: readonly CosSource[];
  readonly batchCompute: readonly BatchComputeSource[];
  readonly ci: readonly CiSource[];
}

/** Views are small, and quickly made anew where callers have more sets of accounts than this. */
const MAX_VIEWS = 1_000;

/**
 * What is configured, and nothing else: every read starts from an origin found here, so nothing that a client sends can
 * make the gateway call another place.
 */
export class Origins {
  readonly sources: ConfiguredSources;
  /** By the names of their accounts: callers come again. */
  readonly #views = new Map<string, Origins>();

  constructor(sources: ConfiguredSources) {
    this.sources = sources;
  }

  /**
   * These origins as they are for a caller that sees some accounts only: the others are not refused, they are not there. All
   * reads of a request start from one of these, so nothing else has to know who asks.
   */
  visibleTo(accounts: VisibleAccounts): Origins {
    if (accounts === 'all') {
      return this;
    }
    const configured = new Set(this.all().map(({ account }) => account));
    const names = [...configured].filter((name) => accounts.has(name));
    const key = names.join(' ');
    const known = this.#views.get(key);
    if (known !== undefined) {
      return known;
    }
    if (this.#views.size >= MAX_VIEWS) {
      this.#views.clear();
    }
    const view = this.#only(new Set(names));
    this.#views.set(key, view);
    return view;
  }

  #only(accounts: ReadonlySet<string>): Origins {
    const isVisible = ({ origin }: { readonly origin: Origin }): boolean => accounts.has(origin.account);
    const { cos, batchCompute, ci } = this.sources;
    return new Origins({
      cos: cos.filter(isVisible),
      batchCompute: batchCompute.filter(isVisible),
      ci: ci.filter(isVisible),
    });
  }

  /** Every origin, COS first, then BatchCompute, then CI; each in the order of the configuration. */
  all(): readonly Origin[] {
    const { cos, batchCompute, ci } = this.sources;
    return [...cos, ...batchCompute, ...ci].map(({ origin }) => origin);
  }

  /** The sources of all origins, in the order of `all`, as the merged listing scans them. */
  scannable(): readonly ScannableSource[] {
    const { cos, batchCompute, ci } = this.sources;
    return [...cos, ...batchCompute, ...ci];
  }

  /** The first COS origin that fits; what is left out fits any. Throws `OriginNotConfiguredError` when none does. */
  cos(where: { account?: string | null | undefined; region?: string | null | undefined }): CosSource {
    return firstFit(this.sources.cos, 'COS', where);
  }

  /** The first BatchCompute origin that fits; as `cos`. */
  batchCompute(where: {
    account?: string | null | undefined;
    region?: string | null | undefined;
  }): BatchComputeSource {
    return firstFit(this.sources.batchCompute, 'BATCH_COMPUTE', where);
  }

  /** The CI origin of a bucket, or the first one; throws `OriginNotConfiguredError` when there is none. */
  ci(where: { bucket?: string | null | undefined }): CiSource {
    return firstFit(this.sources.ci, 'CI', where);
  }

  /** The COS origin that a job's id names, or null when that place is not configured; so for the other two. */
  findCos(ref: JobRef): CosSource | null {
    return find(this.sources.cos, ref);
  }

  findBatchCompute(ref: JobRef): BatchComputeSource | null {
    return find(this.sources.batchCompute, ref);
  }

  findCi(ref: JobRef): CiSource | null {
    return find(this.sources.ci, ref);
  }
}

type Where = {
  readonly account?: string | null | undefined;
  readonly region?: string | null | undefined;
  readonly bucket?: string | null | undefined;
};

function firstFit<S extends { readonly origin: Origin }>(
  sources: readonly S[],
  kind: JobSource,
  where: Where,
): S {
  const found = sources.find(
    ({ origin }) =>
      origin.account === (where.account ?? origin.account) &&
      origin.region === (where.region ?? origin.region) &&
      origin.bucket === (where.bucket ?? origin.bucket),
  );
  if (found === undefined) {
    const configured = sources.map(({ origin }) => `${origin.account} ${placeOf(origin)}`).join(', ');
    throw new OriginNotConfiguredError(
      `No ${kind} origin fits ${describe(where)}; configured: ${configured === '' ? 'none' : configured}.`,
    );
  }
  return found;
}

function describe(where: Where): string {
  const parts = Object.entries(where).flatMap(([name, value]) =>
    typeof value === 'string' ? [`${name} "${value.slice(0, 80)}"`] : [],
  );
  return parts.length === 0 ? 'the question' : parts.join(', ');
}

function find<S extends { readonly origin: Origin }>(sources: readonly S[], ref: JobRef): S | null {
  return (
    sources.find(({ origin }) => origin.account === ref.account && placeOf(origin) === ref.place) ?? null
  );
}
