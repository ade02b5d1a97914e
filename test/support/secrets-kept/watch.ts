/** Watches from outside, at Node's own level, what this process gives out and is given. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { formatWithOptions } from 'node:util';
import { onTestFinished } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { learnRevealed } from './known-secrets.ts';
import { lookThrough } from './leaks.ts';
import { Stream } from './wire.ts';

/** Whatever a `Secret` reveals is a secret from then on; one that reveals nothing gives nothing away. */
export function watchSecrets(): void {
  const { reveal } = Secret.prototype;
  Secret.prototype.reveal = function (this: Secret) {
    const text = reveal.call(this);
    learnRevealed(text);
    return text;
  };
}

type Chunk = string | Uint8Array;

/** What implements a stream, by the names that Node's documentation gives it. */
interface Implementation {
  _write(chunk: Chunk, encoding: BufferEncoding, done: () => void): void;
  _writev(chunks: readonly { chunk: Chunk; encoding: BufferEncoding }[], done: () => void): void;
  push(chunk: Chunk | null, encoding?: BufferEncoding): boolean;
}

/**
 * Sees what goes through every socket and pipe, before it is encrypted and after it was decrypted: answers, requests,
 * commands and the output of child processes. What an HTTP server of this process takes in is seen where it is sent.
 */
export function watchSockets(): void {
  const prototype = Socket.prototype as unknown as Implementation;
  const { _write, _writev, push } = prototype;
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name
  prototype._write = function (this: Socket & Implementation, chunk, encoding, done) {
    sees(this, 'written', chunk, encoding);
    _write.call(this, chunk, encoding, done);
  };
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name
  prototype._writev = function (this: Socket & Implementation, chunks, done) {
    chunks.forEach(({ chunk, encoding }) => sees(this, 'written', chunk, encoding));
    _writev.call(this, chunks, done);
  };
  prototype.push = function (this: Socket & Implementation, chunk, encoding) {
    if (chunk !== null) {
      sees(this, 'read', chunk, encoding);
    }
    return push.call(this, chunk, encoding);
  };
}

const streams = {
  written: new WeakMap<Socket, Stream>(),
  read: new WeakMap<Socket, Stream>(),
};

function sees(
  socket: Socket,
  direction: keyof typeof streams,
  chunk: Chunk,
  encoding?: BufferEncoding,
): void {
  // What is printed is looked through as such, whatever it goes into.
  if (PRINTED.some((printed) => Object.is(printed, socket))) {
    return;
  }
  let stream = streams[direction].get(socket);
  if (stream === undefined) {
    stream = new Stream();
    streams[direction].set(socket, stream);
  }
  stream.lookThrough(
    bytesOf(chunk, encoding),
    direction,
    () => upstreamPorts.has(socket.localPort) || upstreamPorts.has(socket.remotePort),
  );
}

function bytesOf(chunk: Chunk, encoding: BufferEncoding = 'utf8'): Buffer {
  return typeof chunk === 'string'
    ? Buffer.from(chunk, encoding)
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

const upstreamPorts = new Set<number | undefined>();

/** Until the test is over, what listens at these addresses may answer with secrets: upstreams that are no friends. */
export function letAnswerWithSecrets(...urls: readonly string[]): void {
  const ports = urls.map((url) => Number(new URL(url).port));
  ports.forEach((port) => upstreamPorts.add(port));
  onTestFinished(() => ports.forEach((port) => upstreamPorts.delete(port)));
}

const OUTPUT = 'the output of this process';
const PRINTED = [process.stdout, process.stderr];
const METHODS = ['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir', 'table'] as const;

/** Sees what is printed, by whichever way. */
export function watchOutput(): void {
  // A runner of tests has a console of its own, which does not end in a stream of this process.
  for (const method of METHODS) {
    const print = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]): void => {
      lookThrough(formatWithOptions({ depth: 8 }, ...values), OUTPUT);
      print(...values);
    };
  }
  for (const stream of PRINTED) {
    const write = stream.write.bind(stream) as (...parts: unknown[]) => boolean;
    stream.write = (chunk: Chunk, ...rest: unknown[]): boolean => {
      lookThrough(bytesOf(chunk), OUTPUT);
      return write(chunk, ...rest);
    };
  }
  watchDescriptors();
}

/** A log may write to the descriptors themselves. */
function watchDescriptors(): void {
  const { write, writeSync } = fs;
  const look = ([fd, chunk]: readonly unknown[]): void => {
    if ((fd === 1 || fd === 2) && (typeof chunk === 'string' || chunk instanceof Uint8Array)) {
      lookThrough(bytesOf(chunk), OUTPUT);
    }
  };
  fs.write = Object.assign((...parts: unknown[]): void => {
    look(parts);
    Reflect.apply(write, fs, parts);
  }, write);
  fs.writeSync = (...parts: unknown[]) => {
    look(parts);
    return Reflect.apply(writeSync, fs, parts) as number;
  };
  // For those who import them by name.
  syncBuiltinESMExports();
}
