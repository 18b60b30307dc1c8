import { readFile } from 'node:fs/promises';
import type { PageAsset, PageAssets } from '../delivery/page-assets.ts';

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const WATCH_FILES = ['watch.html', 'watch.css', 'watch.js', 'watch.svg'] as const;

const OPERATOR_FILES = [
  'operator.html',
  'base.css',
  'frame.css',
  'overview.css',
  'cells.css',
  'stream.css',
  'narrow.css',
  'operator.js',
  'account.js',
  'api.js',
  'dom.js',
  'failures.js',
  'metrics.js',
  'notices.js',
  'overview.js',
  'refresh-loop.js',
  'session-book.js',
  'sign-in.js',
  'sigv4.js',
  'sparkline.js',
  'stream-facts.js',
  'stream-row.js',
  'stream-session.js',
  'stream-view.js',
  'words.js',
] as const;

/** Reads the watch page's files and the hls.js that it plays with, once, at start. */
export function loadWatchAssets(): Promise<PageAssets> {
  return loadAll([
    ...WATCH_FILES.map((name) => [name, `#console/watch/${name}`] as const),
    ['hls.min.js', 'hls.js/dist/hls.min.js'],
  ]);
}

/** Reads the operator console's files, once, at start. */
export function loadOperatorAssets(): Promise<PageAssets> {
  return loadAll(OPERATOR_FILES.map((name) => [name, `#console/operator/${name}`] as const));
}

async function loadAll(files: readonly (readonly [string, string])[]): Promise<PageAssets> {
  const load = async ([name, specifier]: readonly [string, string]) =>
    [name, await loadAsset(name, new URL(import.meta.resolve(specifier)))] as const;
  return new Map(await Promise.all(files.map(load)));
}

async function loadAsset(name: string, url: URL): Promise<PageAsset> {
  const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof CONTENT_TYPES;
  return { contentType: CONTENT_TYPES[extension], bytes: await readFile(url) };
}
