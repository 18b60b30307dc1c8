// The view of one stream session: facts, charts, what happened.

import { byId, create, KeyedList, setText } from './dom.js';
import { explain } from './failures.js';
import { Sparkline } from './sparkline.js';
import { factsOf } from './stream-facts.js';
import { currentOf } from './stream-row.js';
import {
  formatBitRate,
  formatCount,
  formatDuration,
  formatMoment,
  idOf,
  sessionHref,
} from './words.js';

const formatFrameRate = (value) => (value === undefined ? '–' : `${value.toFixed(1)} fps`);

/** Made anew for each stream that is looked at. */
export class StreamView {
  #charts = [
    new Chart('bitRate', 'Bit rate', formatBitRate),
    new Chart('frameRate', 'Frame rate', formatFrameRate),
    new Chart('viewers', 'Viewers', formatCount),
  ];
  #topicsElement = create('div', { className: 'topics' });
  #topics = new KeyedList(this.#topicsElement, {
    keyOf: ({ title }) => title,
    make: () => new Topic(),
  });
  #eventsElement = create('ol', { className: 'timeline' });
  #events = new KeyedList(this.#eventsElement, {
    keyOf: ({ key }) => key,
    make: () => new TimelineItem(),
  });
  #sessionsElement = create('ul', { className: 'sessions' });
  #sessions = new KeyedList(this.#sessionsElement, {
    keyOf: ({ summary }) => summary.streamId,
    make: () => new SessionLink(),
  });

  constructor() {
    setText(byId('session-channel'), 'Stream');
    setText(byId('session-id'), '');
    setText(byId('session-error'), '');
    byId('session-body').replaceChildren();
  }

  show(found) {
    const { channelArn, session, sessions, charts } = found;
    const { streamId, channel, truncatedEvents: events } = session;
    const name = channel?.name || idOf(channelArn);
    document.title = `${name} · Ivory`;
    setText(byId('session-channel'), name);
    setText(byId('session-id'), streamId);
    setText(byId('session-error'), '');
    if (!this.#topicsElement.isConnected) this.#place();
    for (const chart of this.#charts) chart.update(charts);
    this.#topics.show(factsOf(found));
    this.#events.show(events.map((event, index) => ({ event, key: events.length - index })));
    this.#sessions.show(
      sessions.map((summary) => ({ channelArn, summary, isShown: summary.streamId === streamId })),
    );
  }

  showProblem(error) {
    setText(byId('session-error'), `${error.operation}: ${error.name}: ${error.message}`);
  }

  #place() {
    byId('session-body').append(
      create('div', { className: 'charts' }, ...this.#charts.map(({ element }) => element)),
      create(
        'div',
        { className: 'columns' },
        this.#topicsElement,
        create(
          'div',
          {},
          section('What happened', this.#eventsElement),
          section('Streams of this channel', this.#sessionsElement),
        ),
      ),
    );
  }
}

function section(title, ...children) {
  return create('section', {}, create('h2', { textContent: title }), ...children);
}

class Chart {
  #line;
  #member;
  #format;
  #value = create('span', { className: 'number' });
  element;

  constructor(member, name, format) {
    this.#member = member;
    this.#format = format;
    this.#line = new Sparkline(name, format);
    this.element = create(
      'div',
      { className: 'chart' },
      create('p', {}, create('span', { className: 'quiet', textContent: name }), this.#value),
      this.#line.element,
    );
  }

  update(charts) {
    const chart = charts?.[this.#member];
    setText(this.#value, this.#format(currentOf(chart)));
    this.#line.update(chart);
  }
}

class Topic {
  #title = create('h2');
  #listElement = create('dl');
  #list = new KeyedList(this.#listElement, { keyOf: ([name]) => name, make: () => new Fact() });
  element = create('section', { className: 'topic' }, this.#title, this.#listElement);

  update({ title, facts }) {
    setText(this.#title, title);
    this.#list.show(facts);
  }
}

class Fact {
  #name = create('dt');
  #text = create('dd');
  element = create('div', {}, this.#name, this.#text);

  update([name, text]) {
    setText(this.#name, name);
    setText(this.#text, text);
  }
}

class TimelineItem {
  #time = create('time', { className: 'quiet' });
  #name = create('span', { className: 'mark' });
  #why = create('p', { className: 'quiet small' });
  element = create('li', {}, this.#time, create('div', {}, this.#name, this.#why));

  update({ event }) {
    const explanation = explain(event);
    setText(this.#time, formatMoment(event.eventTime));
    this.#time.dateTime = event.eventTime;
    setText(this.#name, event.name);
    this.#name.dataset.mark = explanation ? (explanation.isWarning ? 'unsure' : 'bad') : 'plain';
    setText(this.#why, explanation?.why ?? '');
  }
}

class SessionLink {
  #link = create('a');
  #note = create('span', { className: 'quiet small' });
  element = create('li', {}, this.#link, this.#note);

  update({ channelArn, summary, isShown }) {
    const { streamId, startTime, endTime, hasErrorEvent } = summary;
    const length = endTime && formatDuration(Date.parse(endTime) - Date.parse(startTime));
    setText(this.#link, formatMoment(startTime));
    this.#link.href = sessionHref(channelArn, streamId);
    if (isShown) this.#link.setAttribute('aria-current', 'page');
    setText(this.#note, `${length ?? 'on air'}${hasErrorEvent ? ', with errors' : ''}`);
  }
}
