// What went wrong in a stream session, and why, in a sentence. The API's events have a name, a time and sometimes a code; the
// sentence says what these mean.

import { formatDuration } from './words.js';

const STARVATION =
  'The encoder sent less than real time, or nothing: look at its network and its load.';
const LIMIT =
  'and was disconnected. Lower it in the encoder, or use a channel type with a higher limit.';

/** `isWarning`: the stream went on. */
const PROBLEMS = {
  'Stream Failure': {
    why: 'Ivory could not carry the stream on. Most often the machine has no room to transcode another one; the log has the reason.',
  },
  'Ingest Bitrate': {
    name: 'Bit rate limit',
    why: `The encoder sent more bits per second than the channel takes, ${LIMIT}`,
  },
  'Ingest Resolution': {
    name: 'Resolution limit',
    why: `The encoder sent a larger picture than the channel takes, ${LIMIT}`,
  },
  'Concurrent Broadcasts': { why: 'The account had as many streams on air as it may.' },
  'Concurrent Viewers': { why: 'The account had as many viewers as it may; others were refused.' },
  'Recording Start Failure': {
    why: 'Nothing was recorded: the bucket or the disk of this machine took nothing. The stream went on; the log has the reason.',
  },
  'Recording End Failure': {
    why: 'The recording lacks its end: its bucket or the disk of this machine did not take all of it. The log has the reason.',
  },
  'Starvation Start': { name: 'Starvation', isWarning: true, why: STARVATION },
  'Stream Takeover Failure': {
    isWarning: true,
    why: 'Another encoder asked to take the stream over, and was refused.',
  },
};

const CODES = {
  StreamTakeoverMediaMismatch:
    'Another encoder asked to take the stream over, and was refused: its codecs, picture size or tracks are not those of the stream.',
  StreamTakeoverInvalidPriority:
    'Another encoder asked to take the stream over, and was refused: its priority is out of range, or no higher than that of the encoder on air.',
  StreamTakeoverLimitBreached:
    'Another encoder asked to take the stream over, and was refused: the stream was taken over as often as is allowed.',
};

/** Why an event is an error or a warning; `undefined` where it is neither. */
export function explain({ name, code }) {
  const problem = PROBLEMS[name];
  if (problem) {
    const isWarning = problem.isWarning === true;
    return {
      what: problem.name ?? name,
      why: CODES[code] ?? withCode(problem.why, code),
      isWarning,
    };
  }
  // Only a refusal has a code: an end as it should be has none.
  if (name === 'Session Ended' && code) {
    return { what: name, why: `The encoder was refused: ${code}.`, isWarning: false };
  }
  return undefined;
}

const withCode = (why, code) => (code ? `${why} (${code})` : why);

/**
 * Errors and warnings of a session as GetStreamSession tells it, newest first. `hasErrorEvent` is ListStreamSessions': where no
 * event of those that are told accounts for it, the end of the session stands for it.
 */
export function failuresOf(session, hasErrorEvent) {
  const events = session.truncatedEvents;
  const failures = events.flatMap((event, index) => {
    const explanation = explain(event);
    if (!explanation) return [];
    const { what, isWarning } = explanation;
    const why =
      event.name === 'Starvation Start'
        ? `${explanation.why} ${outcome(session, index)}`
        : explanation.why;
    return [
      {
        key: `${event.name} ${event.eventTime} ${index - events.length}`,
        at: event.eventTime,
        what,
        why,
        isWarning,
      },
    ];
  });
  if (hasErrorEvent && session.endTime && failures.every(({ isWarning }) => isWarning)) {
    failures.unshift({
      key: 'Session Ended',
      at: session.endTime,
      what: 'Session Ended',
      why: 'The session had an error that is not among its newest events; the log has it.',
      isWarning: false,
    });
  }
  return failures;
}

/** How a starvation went on that is the event at `index`. Events are newest first. */
function outcome({ truncatedEvents, endTime }, index) {
  const over = truncatedEvents
    .slice(0, index)
    .findLast(({ name }) => name === 'Starvation End' || name === 'Stream End');
  const overAt = over?.eventTime ?? endTime;
  if (!overAt) return 'It still does.';
  const seconds = (Date.parse(overAt) - Date.parse(truncatedEvents[index].eventTime)) / 1000;
  return over?.name === 'Starvation End'
    ? `It was over after ${formatDuration(seconds * 1000)}.`
    : `The stream ended ${formatDuration(seconds * 1000)} later.`;
}
