// What is wrong with the server or with the calls of this page, above everything else.

import { byId, create, KeyedList, setText } from './dom.js';
import { formatDuration } from './words.js';

export class Notices {
  #list = new KeyedList(byId('notices'), { keyOf: ({ key }) => key, make: () => new Notice() });

  /** `readiness`: why the server is not ready; `error`: what the last refresh ended with; `problems`: of single operations. */
  show({ readiness, error, retryMs, problems = new Map() }) {
    const notices = [];
    if (readiness) notices.push({ key: 'ready', mark: 'bad', text: `The server is ${readiness}.` });
    if (error) notices.push({ key: 'error', ...describe(error, formatDuration(retryMs)) });
    for (const [name, problem] of problems) {
      const text = `${name} is refused, so part of this page is missing: ${problem.name}: ${problem.message}`;
      notices.push({ key: name, mark: 'unsure', text });
    }
    this.#list.show(notices);
  }
}

function describe(error, pause) {
  if (error.isThrottling) {
    const text = `The API asks for fewer calls (${error.name}: ${error.message}); next attempt in ${pause}.`;
    return { mark: 'unsure', text };
  }
  if (error.operation) {
    return { mark: 'bad', text: `${error.operation}: ${error.name}: ${error.message}` };
  }
  return {
    mark: 'bad',
    text: 'The server does not answer. What is below is what it said last; this page keeps asking.',
  };
}

class Notice {
  element = create('p', { className: 'notice' });

  update({ mark, text }) {
    this.element.dataset.mark = mark;
    setText(this.element, text);
  }
}
