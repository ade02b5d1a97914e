/** What is measured: pages as long as the upstreams may give them, and the dearest answers that were found. */
import type { JobSource } from '../../src/model/origin.ts';
import { descriptionText, filled, jobText, listText } from '../../test/hostile/bodies.ts';
import {
  batchComputeDescription,
  batchComputePage,
  ciDescription,
  ciPage,
  CJK_TEXT,
  cosDescription,
  cosPage,
  PLAIN_TEXT,
  QUOTES,
} from '../../test/hostile/legal-pages.ts';
import { flood, http, type Play } from '../../test/hostile/raw-upstream.ts';
import { JOB_ID } from '../../test/hostile/sources.ts';

export interface Kind {
  readonly name: string;
  readonly source: JobSource;
  readonly read: 'list' | 'describe';
  /** Of the body; null where there is no end. */
  readonly bytes: number | null;
  readonly play: Play;
}

const KIB = 1_024;
/** Just below the 4 MiB that are read. */
const ALMOST_ALL = 4 * KIB * KIB - 4 * KIB;
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const numbered = (count: number, text: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => text(n));

function list(name: string, source: JobSource, body: string): Kind {
  return { name, source, read: 'list', bytes: Buffer.byteLength(body), play: http(body) };
}

function whole(name: string, source: JobSource, body: string): Kind {
  return { name, source, read: 'describe', bytes: Buffer.byteLength(body), play: http(body) };
}

function description(name: string, source: JobSource, more: string): Kind {
  return whole(name, source, descriptionText(source, JOB_ID, more));
}

function wire(name: string, play: Play): Kind {
  return { name, source: 'COS', read: 'list', bytes: null, play };
}

/** Some kinds for an XML source, whose item stands for a job. */
function xmlKinds(source: 'COS' | 'CI'): readonly Kind[] {
  const body = (more: string): string => listText(source, [jobText(source, JOB_ID)], more);
  const within = (more: string): string => listText(source, [jobText(source, JOB_ID, more)]);
  const kinds: readonly (readonly [string, string])[] = [
    ['tags', body(filled('<a/>', ALMOST_ALL))],
    ['tags in one job', within(filled('<a/>', ALMOST_ALL))],
    ['60,000 tags in jobs', listText(source, Array(5_000).fill(jobText(source, JOB_ID, filled('<a/>', 24))))],
    ['tags of ever new names', body(numbered(400_000, (n) => `<a${n}/>`).join(''))],
    ['one text', within(`<Name>${filled('x', ALMOST_ALL)}</Name>`)],
    ['one text around the jobs', body(filled(' ', ALMOST_ALL))],
    [
      'jobs of long texts',
      listText(source, Array(65).fill(jobText(source, JOB_ID, `<Name>${filled('x', 61 * KIB)}</Name>`))),
    ],
    [
      'jobs of long texts of entities',
      listText(source, Array(65).fill(jobText(source, JOB_ID, `<Name>${filled('&#39;', 61 * KIB)}</Name>`))),
    ],
    ['named entities', within(`<Name>${filled('&lt;', ALMOST_ALL)}</Name>`)],
    ['numbered entities', within(`<Name>${filled('&#39;', ALMOST_ALL)}</Name>`)],
    ['control characters', within(`<Name>${filled('a\u0001', ALMOST_ALL)}</Name>`)],
    ['nesting', within(filled('<A>', ALMOST_ALL))],
    ['attributes', body(`<a ${numbered(300_000, (n) => `b${n}="c"`).join(' ')}/>`)],
    ['a comment', body(`<!--${filled('-x', ALMOST_ALL)}-->`)],
    ['CDATA', within(`<Name><![CDATA[${filled(']]', ALMOST_ALL)}]]></Name>`)],
    [
      'openings of jobs',
      listText(source, [filled(source === 'COS' ? '<member>' : '<JobsDetail>', ALMOST_ALL)]),
    ],
    ['HTML', `<html><body>${filled('<p>sign in <b>here</b></p>\n', ALMOST_ALL)}</body></html>`],
    ['white space', filled(' \n', ALMOST_ALL)],
  ];
  return kinds.map(([name, text]) => list(name, source, text));
}

const within = (more: string): string =>
  listText('BATCH_COMPUTE', [jobText('BATCH_COMPUTE', JOB_ID)], `,"x":${more}`);
const job = (more: string): string => listText('BATCH_COMPUTE', [jobText('BATCH_COMPUTE', JOB_ID, more)]);

const JSON_KINDS: readonly (readonly [string, string])[] = [
  ['brackets', within(filled('[', ALMOST_ALL))],
  ['44,000 brackets, nested', within(`${'['.repeat(44_000)}${']'.repeat(44_000)}`)],
  [
    '22,000 objects, nested',
    within(`${numbered(22_000, (n) => `{"k${n}":`).join('')}0${'}'.repeat(22_000)}`),
  ],
  ['numbers', within(`[${filled('0,', ALMOST_ALL)}0]`)],
  ['names', within(`{${numbered(300_000, (n) => `"k${n}":0`).join(',')}}`)],
  ['22,000 names', within(`{${numbered(22_000, (n) => `"k${n}":0`).join(',')}}`)],
  ['22,000 long names', within(`{${numbered(22_000, (n) => `"${'k'.repeat(150)}${n}":0`).join(',')}}`)],
  [
    '1,190 jobs',
    listText(
      'BATCH_COMPUTE',
      numbered(1_190, (n) => jobText('BATCH_COMPUTE', `job-${n}`)),
    ),
  ],
  [
    '1,190 jobs of control characters',
    listText(
      'BATCH_COMPUTE',
      Array(1_190).fill(
        jobText('BATCH_COMPUTE', JOB_ID).replace('RUNNING', filled(String.raw`a\u0001`, 870)),
      ),
    ),
  ],
  ['one string', job(`,"JobName":"${filled('x', ALMOST_ALL)}"`)],
  ['one string of CJK', job(`,"JobName":"${'名'.repeat(ALMOST_ALL / 3)}"`)],
  ['control characters', job(`,"JobName":"${filled(String.raw`\u0001`, ALMOST_ALL)}"`)],
  ['249,000 escapes', job(`,"JobName":"${filled(String.raw`\r\n`, 498_000)}"`)],
  ['line breaks', job(`,"JobName":"${filled(String.raw`\n`, ALMOST_ALL)}"`)],
  ['white space', within(`${filled(' ', ALMOST_ALL)}0`)],
  ['cut', within(`"${filled('x', ALMOST_ALL)}`)],
  ['HTML', `<html><body>${filled('<p>sign in</p>\n', ALMOST_ALL)}</body></html>`],
];

export const KINDS: readonly Kind[] = [
  list('legal: 20 jobs', 'COS', cosPage(20, PLAIN_TEXT)),
  list('legal: 500 jobs', 'COS', cosPage(500, PLAIN_TEXT)),
  list('legal: 500 jobs, 256 bytes of CJK each', 'COS', cosPage(500, CJK_TEXT)),
  list('legal: 500 jobs, 256 quotes each', 'COS', cosPage(500, QUOTES)),
  list('legal: 1,000 jobs', 'COS', cosPage(1_000, PLAIN_TEXT)),
  list('legal: 1,000 jobs, 256 quotes each', 'COS', cosPage(1_000, QUOTES)),
  list('legal: 100 jobs, 60 parameters each', 'CI', ciPage(100)),
  list('legal: 100 jobs, 50 tags each', 'BATCH_COMPUTE', batchComputePage(100)),
  whole('legal: a job with 100 grants', 'COS', cosDescription()),
  whole('legal: a job with 500 parameters', 'CI', ciDescription()),
  whole('legal: a job with 500 tasks', 'BATCH_COMPUTE', batchComputeDescription()),
  ...xmlKinds('COS'),
  ...xmlKinds('CI').filter(({ name }) => ['tags in one job', '60,000 tags in jobs'].includes(name)),
  description(
    'description: 1,960 tags',
    'CI',
    `<Operation><JobParam>${numbered(975, (n) => `<a${n}>x</a${n}>`).join('')}</JobParam></Operation>`,
  ),
  description(
    'description: 62 KiB of entities',
    'COS',
    `<Description>${filled('&lt;', 62 * KIB)}</Description>`,
  ),
  description('description: one text', 'COS', `<Description>${filled('x', ALMOST_ALL)}</Description>`),
  ...JSON_KINDS.map(([name, text]) => list(name, 'BATCH_COMPUTE', text)),
  wire(
    'wire: 50 MB of body',
    flood(`${OK}content-length: 52428800\r\n\r\n`, 'x'.repeat(64 * KIB), 52_428_800),
  ),
  wire('wire: chunks of one byte', flood(CHUNKED, '1\r\nx\r\n'.repeat(10_000))),
  wire('wire: 103 for ever', flood('', 'HTTP/1.1 103 X\r\nlink: x\r\n\r\n'.repeat(1_000))),
  wire('wire: headers of 20 bytes for ever', flood(OK, 'x: xxxxxxxxxxxxxxx\r\n'.repeat(3_000))),
  wire('wire: headers of one byte for ever', flood(OK, 'a:\r\n'.repeat(16_000))),
];
