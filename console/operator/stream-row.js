// A stream on air, as a row of the overview.

import { create, setText } from './dom.js';
import { Sparkline } from './sparkline.js';
import {
  formatBitRate,
  formatCount,
  formatDuration,
  formatMoment,
  formatPicture,
  HEALTHS,
  idOf,
  nameOf,
  sessionHref,
} from './words.js';

/** A value older than this is not "now" any more. */
const CURRENT_MS = 30_000;

/** A cell of a table that is a list of cards where there is no room: there it says by itself what it is. */
export function cell(label, className, ...children) {
  const dataset = label ? { label } : {};
  return create('td', { className, dataset, attributes: { role: 'cell' } }, ...children);
}

/** The newest value of a chart, if it is of now. */
export function currentOf(chart) {
  const newest = chart?.points.at(-1);
  return newest && chart.endMs - (newest.atMs + chart.periodMs) < CURRENT_MS
    ? newest.value
    : undefined;
}

export class StreamRow {
  #link = create('a');
  #id = create('span', { className: 'quiet mono small' });
  #state = create('span', { className: 'state' });
  #health = create('span', { className: 'mark' });
  #meaning = create('span', { className: 'quiet small' });
  #bitRate = create('span', { className: 'number' });
  #bitRateLine = new Sparkline('Bit rate', formatBitRate);
  #viewers = create('span', { className: 'number' });
  #viewersLine = new Sparkline('Viewers', formatCount);
  #picture = create('span');
  #since = create('time');
  #watch = create('a', { className: 'button small-button', target: '_blank', rel: 'noopener' });
  element = create(
    'tr',
    { attributes: { role: 'row' } },
    create(
      'th',
      { className: 'name', attributes: { role: 'rowheader', scope: 'row' } },
      this.#link,
      this.#id,
    ),
    cell('State', 'state-cell', this.#state),
    cell('Health', 'health-cell', this.#health, this.#meaning),
    cell('Bit rate', 'chart-cell', this.#bitRate, this.#bitRateLine.element),
    cell('Viewers', 'chart-cell', this.#viewers, this.#viewersLine.element),
    cell('Picture', 'picture-cell', this.#picture),
    cell('On air for', 'since-cell', this.#since),
    cell('', 'watch-cell', this.#watch),
  );

  /** `item`: the stream as ListStreams has it, with the account that knows the rest. */
  update({ stream, account }) {
    const { channelArn, streamId, startTime, state, viewerCount } = stream;
    const health = HEALTHS[stream.health] ?? HEALTHS.UNKNOWN;
    const name = nameOf(channelArn, account.channels);
    const charts = account.charts.get(channelArn);
    setText(this.#link, name);
    this.#link.href = sessionHref(channelArn, streamId);
    setText(this.#id, idOf(channelArn));
    setText(this.#state, state);
    setText(this.#health, health.name);
    this.#health.dataset.mark = health.mark;
    setText(this.#meaning, health.meaning);
    setText(this.#bitRate, formatBitRate(currentOf(charts?.bitRate)));
    this.#bitRateLine.update(charts?.bitRate);
    setText(this.#viewers, formatCount(viewerCount));
    this.#viewersLine.update(charts?.viewers);
    setText(this.#picture, formatPicture(account.sessions.videoOf(streamId)));
    setText(this.#since, formatDuration(Date.now() - Date.parse(startTime)));
    this.#since.dateTime = startTime;
    this.#since.title = `since ${formatMoment(startTime)}`;
    setText(this.#watch, 'Watch');
    this.#watch.href = `/watch/${idOf(channelArn)}`;
    this.#watch.setAttribute('aria-label', `Watch ${name}`);
  }
}
