import { readFile } from 'node:fs/promises';
import type { WatchAsset, WatchAssets } from '../delivery/watch-routes.ts';

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const PAGE_FILES = ['watch.html', 'watch.css', 'watch.js', 'watch.svg'] as const;

/** Reads the watch page's files and the hls.js that it plays with, once, at start. */
export async function loadWatchAssets(): Promise<WatchAssets> {
  const locations: (readonly [string, URL])[] = PAGE_FILES.map((name) => [
    name,
    new URL(import.meta.resolve(`#console/watch/${name}`)),
  ]);
  locations.push(['hls.min.js', new URL(import.meta.resolve('hls.js/dist/hls.min.js'))]);
  return new Map(
    await Promise.all(locations.map(async ([name, url]) => [name, await load(name, url)] as const)),
  );
}

async function load(name: string, url: URL): Promise<WatchAsset> {
  const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof CONTENT_TYPES;
  return { contentType: CONTENT_TYPES[extension], bytes: await readFile(url) };
}
