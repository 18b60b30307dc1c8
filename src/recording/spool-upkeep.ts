import { encodeJournalEntry, type JournalEntry } from './journal.ts';
import type { SpooledRecording } from './ports.ts';
import type { RecordingState } from './recording-state.ts';

/** Off the files goes what no line of the journal tells of: what was on its way when the disk, or the process, gave out. */
export async function trimSpool(state: RecordingState, spooled: SpooledRecording): Promise<void> {
  for (const rendition of state.renditions) {
    for (const { name, byteLength, segment } of rendition.waiting) {
      if (segment && !segment.isGap) await spooled.truncate(name, byteLength);
    }
    const { open } = rendition;
    if (open && !open.isGap) {
      await spooled.truncate(rendition.segmentName(open.number), open.byteLength);
    }
    await spooled.delete(rendition.segmentName(rendition.nextNumber));
  }
}

/** A full disk has no room for the last lines of the journal, unless some is made. Nothing is being written any more. */
export async function writeLastLines(
  entries: readonly JournalEntry[],
  state: RecordingState,
  spooled: SpooledRecording,
): Promise<void> {
  await spooled.releaseReserve();
  await trimSpool(state, spooled);
  await spooled.append([], entries.map(encodeJournalEntry));
}
