import { utcTimeOf } from '../../lib/time-text.ts';
import { containerOf, containersOf, textOf, textsOf, wordOf, type XmlElement } from '../../lib/xml.ts';
import type { JobFailure } from '../../model/job.ts';
import { decodeOperation } from './decode-operation.ts';
import type { CosJobDetail, CosManifest, CosReport } from './model.ts';

/** What DescribeJob tells beyond the listing (seed page DescribeJob; `upstreams/cos-batch.md` sections 3 and 6). Throws `XmlError`. */
export function decodeDetail(job: XmlElement): CosJobDetail {
  return {
    confirmationRequired: wordOf(job, 'ConfirmationRequired')?.toLowerCase() === 'true',
    clientRequestToken: textOf(job, 'ClientRequestToken'),
    failures: decodeFailures(containerOf(job, 'FailureReasons')),
    manifest: decodeManifest(containerOf(job, 'Manifest')),
    operation: decodeOperation(containerOf(job, 'Operation')),
    report: decodeReport(containerOf(job, 'Report')),
    roleArn: textOf(job, 'RoleArn'),
    statusUpdateReason: textOf(job, 'StatusUpdateReason'),
    suspendedCause: textOf(job, 'SuspendedCause'),
    suspendedAt: utcTimeOf(wordOf(job, 'SuspendedDate')),
  };
}

/** A healthy job carries one JobFailure with two empty children; it stands for none. */
function decodeFailures(reasons: XmlElement | null): JobFailure[] {
  return containersOf(reasons ?? {}, 'JobFailure')
    .map((failure) => ({ code: wordOf(failure, 'FailureCode'), reason: textOf(failure, 'FailureReason') }))
    .filter(({ code, reason }) => code !== null || reason !== null);
}

function decodeManifest(manifest: XmlElement | null): CosManifest | null {
  if (manifest === null) {
    return null;
  }
  const location = containerOf(manifest, 'Location');
  const spec = containerOf(manifest, 'Spec');
  return {
    location:
      location === null
        ? null
        : {
            etag: textOf(location, 'ETag'),
            objectArn: textOf(location, 'ObjectArn'),
            objectVersionId: textOf(location, 'ObjectVersionId'),
          },
    spec:
      spec === null
        ? null
        : {
            format: wordOf(spec, 'Format'),
            fields: textsOf(containerOf(spec, 'Fields') ?? {}, 'member').map((field) => field.trim()),
          },
  };
}

function decodeReport(report: XmlElement | null): CosReport | null {
  if (report === null) {
    return null;
  }
  const enabled = wordOf(report, 'Enabled');
  return {
    bucket: textOf(report, 'Bucket'),
    enabled: enabled === null ? null : enabled.toLowerCase() === 'true',
    format: wordOf(report, 'Format'),
    prefix: textOf(report, 'Prefix'),
    reportScope: wordOf(report, 'ReportScope'),
  };
}
