import type { Logger } from '../lib/logger.ts';
import { decodeJournal, encodeJournalEntry, type JournalEntry, salvageJournal } from './journal.ts';
import type { RecordingSpool, SpooledRecording } from './ports.ts';
import { RecordingState } from './recording-state.ts';

/** What both the reading of a recording and its taking up may come to. */
export const CANNOT_TAKE_UP = 'cannot take a recording up again';

/** A recording that can go on. */
export interface LeftRecording {
  readonly state: RecordingState;
  readonly spooled: SpooledRecording;
}

/** What the last stop, or crash, left in the spool. Of what is damaged (`onDamaged`) everything is kept aside. */
export async function readSpool(
  spool: RecordingSpool,
  log: Logger,
  onDamaged: () => void,
): Promise<LeftRecording[]> {
  const found: LeftRecording[] = [];
  for (const recordingId of await spool.list()) {
    const logOfOne = log.child({ recording: recordingId });
    try {
      const left = await readRecording(await spool.open(recordingId), logOfOne, onDamaged);
      if (left) found.push(left);
    } catch (error) {
      logOfOne.error({ err: error }, CANNOT_TAKE_UP);
    }
  }
  return found;
}

async function readRecording(
  spooled: SpooledRecording,
  log: Logger,
  onDamaged: () => void,
): Promise<LeftRecording | undefined> {
  const { entries, rest } = decodeJournal(await spooled.readJournal());
  const state = RecordingState.of(entries);
  if (state && rest.length === 0) return { state, spooled };
  if (!state) {
    if (await hasMedia(spooled)) {
      const keptAs = await spooled.keepAside();
      onDamaged();
      log.error({ keptAs }, 'cannot read the journal of a recording: its media are kept aside');
    }
    // Else a crash came before its first line was on disk.
    await spooled.remove();
    return undefined;
  }
  const keptAs = await spooled.keepAside();
  onDamaged();
  const line = entries.length + 1;
  const droppedLines = rest.length;
  log.error(
    { line, droppedLines, keptAs },
    'the journal of a recording is damaged: the recording ends there, and all of it is kept aside',
  );
  const message = `cannot read line ${line} of its journal: ${droppedLines} lines are not in the recording`;
  const mended: readonly JournalEntry[] = [
    ...entries,
    ...salvageJournal(rest),
    { type: 'failed', reason: 'InternalServerException', message },
  ];
  await spooled.replaceJournal(mended.map(encodeJournalEntry));
  for (const entry of mended.slice(entries.length)) state.apply(entry);
  return { state, spooled };
}

async function hasMedia(spooled: SpooledRecording): Promise<boolean> {
  return [...(await spooled.files())].some((name) => name.includes('/'));
}
