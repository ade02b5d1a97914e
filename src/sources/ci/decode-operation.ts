import { integerOf, MAX_INT32 } from '../../lib/number-text.ts';
import { utcTimeOf } from '../../lib/time-text.ts';
import { containerOf, textOf, textsOf, treeOf, wordOf, type XmlElement } from '../../lib/xml.ts';
import type { CiInput, CiOperation, CiOutput } from './model.ts';

/** The echo of what the job was asked to work on (`upstreams/ci-jobs.md` section 5). Throws `XmlError`. */
export function decodeInput(input: XmlElement | null): CiInput | null {
  if (input === null) {
    return null;
  }
  return {
    manifest: textOf(input, 'Manifest'),
    urlFile: textOf(input, 'UrlFile'),
    prefix: textOf(input, 'Prefix'),
    object: textOf(input, 'Object'),
  };
}

/**
 * The echo of what the job was asked to do, of either type. Tag and QueueId also stand directly under the job in some
 * answers (`upstreams/ci-jobs.md` section 7). Null when nothing at all is told. Throws `XmlError`.
 */
export function decodeOperation(job: XmlElement): CiOperation | null {
  const operation = containerOf(job, 'Operation');
  const tag = wordOf(operation ?? {}, 'Tag') ?? wordOf(job, 'Tag');
  const queueId = wordOf(operation ?? {}, 'QueueId') ?? wordOf(job, 'QueueId');
  if (operation === null && tag === null && queueId === null) {
    return null;
  }
  return { ...decodeParameters(operation ?? {}), tag, queueId };
}

function decodeParameters(operation: XmlElement): Omit<CiOperation, 'tag' | 'queueId'> {
  const interval = containerOf(operation, 'TimeInterval');
  return {
    timeInterval:
      interval === null
        ? null
        : { start: utcTimeOf(wordOf(interval, 'Start')), end: utcTimeOf(wordOf(interval, 'End')) },
    workflowIds: textsOf(operation, 'WorkflowIds')
      .flatMap((ids) => ids.split(','))
      .map((id) => id.trim())
      .filter((id) => id !== ''),
    queueType: wordOf(operation, 'QueueType'),
    userData: textOf(operation, 'UserData'),
    jobLevel: integerOf(wordOf(operation, 'JobLevel'), -MAX_INT32, MAX_INT32),
    callBack: textOf(operation, 'CallBack'),
    callBackFormat: wordOf(operation, 'CallBackFormat'),
    callBackType: wordOf(operation, 'CallBackType'),
    output: decodeOutput(containerOf(operation, 'Output')),
    jobParam: treeOf(operation, 'JobParam'),
  };
}

/** Placeholders such as `${InputName}` are data, kept as they are. */
function decodeOutput(output: XmlElement | null): CiOutput | null {
  if (output === null) {
    return null;
  }
  return {
    region: wordOf(output, 'Region'),
    bucket: wordOf(output, 'Bucket'),
    object: textOf(output, 'Object'),
    auObject: textOf(output, 'AuObject'),
    spriteObject: textOf(output, 'SpriteObject'),
  };
}
