// `npm run verify-recording -- <recording>...`: checks recordings: the tree, the documents, the playlists and what they say of
// the media, as ffprobe sees it. A recording is a directory, a prefix in a bucket of the data directory, or
// s3://<bucket>/<prefix>; where those are, the settings of the server say.

import { readConfig } from '../src/config.ts';
import { findRecording } from './verify-recording/find-recording.ts';
import { verifyRecording } from './verify-recording/recording.ts';

const names = process.argv.slice(2);
if (names.length === 0) {
  console.error('usage: npm run verify-recording -- <directory, prefix or s3://bucket/prefix>...');
  process.exitCode = 2;
}
const { config } = readConfig(process.env);
for (const name of names) {
  try {
    await using found = await findRecording(name, config);
    const { problems, summary } = await verifyRecording(found.directory);
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${summary}`);
    for (const problem of problems) console.log(`     ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  } catch (error) {
    console.error(`FAIL ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
