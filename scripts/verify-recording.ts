// `npm run verify-recording -- <directory>...`: checks recordings, each the directory that a prefix in a bucket names:
// the tree, the documents, the playlists and what they say of the media, as ffprobe sees it.

import { verifyRecording } from './verify-recording/recording.ts';

const directories = process.argv.slice(2);
if (directories.length === 0) {
  console.error('usage: npm run verify-recording -- <directory of a recording>...');
  process.exitCode = 2;
}
for (const directory of directories) {
  const { problems, summary } = await verifyRecording(directory);
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${directory}: ${summary}`);
  for (const problem of problems) console.log(`     ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
