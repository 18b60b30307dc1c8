// All of an account on one page: what is on air, how healthy it is, what failed and why.

import { byId, create, KeyedList, setText } from './dom.js';
import { cell, StreamRow } from './stream-row.js';
import { formatCount, formatMoment, idOf, nameOf, sessionHref } from './words.js';

const SHOWN_FAILURES = 50;

export class Overview {
  #streams = new KeyedList(byId('streams'), {
    keyOf: ({ stream }) => stream.streamId,
    make: () => new StreamRow(),
  });
  #failures = new KeyedList(byId('failures'), {
    keyOf: ({ failure }) => `${failure.streamId} ${failure.key}`,
    make: () => new FailureRow(),
  });
  #configurations = new KeyedList(byId('failed-configurations'), {
    keyOf: ({ arn }) => arn,
    make: () => new FailedConfiguration(),
  });

  /** What the account knows now; `isDone`: all of it was asked for at least once. */
  show(account, isDone) {
    this.#showStreams(account);
    this.#showFailures(account, isDone);
    this.#configurations.show(account.failedConfigurations);
    byId('failed-configurations').hidden = account.failedConfigurations.length === 0;
    setText(byId('coverage'), coverage(account));
  }

  #showStreams(account) {
    const { streams, hasMoreStreams } = account;
    const isStarving = ({ health }) => health === 'STARVING';
    const more = hasMoreStreams ? '+' : '';
    const starving = streams.filter(isStarving).length;
    const viewers = streams.reduce((sum, { viewerCount }) => sum + viewerCount, 0);
    setText(byId('count-live'), formatCount(streams.length) + more);
    setText(byId('count-starving'), formatCount(starving) + more);
    setText(byId('count-viewers'), formatCount(viewers) + more);
    byId('count-starving-field').classList.toggle('alarming', starving > 0);
    // Who needs help first, then as they are called.
    const ordered = streams
      .map((stream) => ({ stream, account }))
      .sort(
        (a, b) =>
          isStarving(b.stream) - isStarving(a.stream) ||
          nameOf(a.stream.channelArn, account.channels).localeCompare(
            nameOf(b.stream.channelArn, account.channels),
          ),
      );
    this.#streams.show(ordered);
    const problem = account.problems.get('ListStreams');
    byId('streams-table').hidden = streams.length === 0;
    byId('no-streams').hidden = streams.length > 0;
    setText(byId('no-streams'), problem ? 'Not known.' : 'No stream is on air.');
  }

  #showFailures(account, isDone) {
    const failures = account.sessions.failures().slice(0, SHOWN_FAILURES);
    this.#failures.show(failures.map((failure) => ({ failure, account })));
    const isEmpty = failures.length === 0;
    byId('failures-table').hidden = isEmpty;
    byId('no-failures').hidden = !isEmpty || account.failedConfigurations.length > 0;
    setText(byId('no-failures'), isDone ? 'Nothing that is known.' : 'Looking…');
  }
}

/** How much of the account is on this page: nobody is to take a limit for an all-clear. */
function coverage({ channels, hasMoreChannels, streams, hasMoreStreams, sessions }) {
  const count = channels.size;
  const looked = sessions.countLooked([...channels.keys()]);
  const ofThem = looked < count ? `, ${formatCount(looked)} of them so far` : '';
  return [
    hasMoreStreams
      ? `The first ${formatCount(streams.length)} streams are shown; there are more.`
      : '',
    `Failures are of the newest 20 sessions of ${formatCount(count)} ${count === 1 ? 'channel' : 'channels'}${ofThem}; warnings of the last 24 hours.`,
    hasMoreChannels
      ? 'The account has more channels, which are not looked at while they are off air.'
      : '',
  ]
    .filter(Boolean)
    .join(' ');
}

class FailureRow {
  #time = create('time');
  #link = create('a');
  #what = create('span', { className: 'mark' });
  #why = create('span');
  element = create(
    'tr',
    { attributes: { role: 'row' } },
    cell('When', 'when-cell', this.#time),
    cell('Channel', 'name', this.#link),
    cell('What', 'what-cell', this.#what),
    cell('Why', 'why-cell', this.#why),
  );

  update({ failure, account }) {
    const { at, channelArn, streamId, what, why, isWarning } = failure;
    setText(this.#time, formatMoment(at));
    this.#time.dateTime = at;
    setText(this.#link, nameOf(channelArn, account.channels));
    this.#link.href = sessionHref(channelArn, streamId);
    setText(this.#what, what);
    this.#what.dataset.mark = isWarning ? 'unsure' : 'bad';
    setText(this.#why, why);
  }
}

class FailedConfiguration {
  element = create('li');

  update({ arn, name, destinationConfiguration }) {
    const bucket = destinationConfiguration?.s3?.bucketName ?? '';
    setText(
      this.element,
      `Recording configuration ${name || idOf(arn)} is CREATE_FAILED: its bucket ${bucket} could not be written to. Streams of its channels are not recorded.`,
    );
  }
}
