import { foreignPage } from '../lib/browser-guard.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import { isLocalRequest } from '../lib/local-request.ts';
import { envelopeOf } from './envelope.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetterPage, Outbox } from './ports.ts';

const LIST_PATH = '/events/dead-letters';
const REPLAY_PATH = '/events/dead-letters/replay';
const REPLAY_PARAMETERS = ['target', 'id'];
const LIST_PARAMETERS = [...REPLAY_PARAMETERS, 'after'];
const PAGE_SIZE = 100;
/** The target's name has no slash. */
const CURSOR = /^([\w.-]{1,64})\/(\d{1,15})$/;

/** What targets did not take: listed, and delivered once more. For operators at this machine. */
export function deadLetterRoutes(options: {
  readonly outbox: Pick<Outbox, 'listDeadLetters' | 'replayDeadLetters'>;
  /** Dead letters of this target, or of all, are marked to be delivered. */
  readonly onReplay: (target: string | undefined) => void;
}): HttpHandler {
  const { outbox, onReplay } = options;

  return (request): HttpReply | Promise<HttpReply> | undefined => {
    const { path, method } = request;
    if (path !== LIST_PATH && path !== REPLAY_PATH) return undefined;
    if (!isLocalRequest(request)) return problem(403, 'dead letters are for this machine only');
    const page = foreignPage(request, undefined);
    if (page !== undefined) return problem(403, `dead letters are for no web pages: ${page}`);
    const allowed = path === LIST_PATH ? 'GET' : 'POST';
    if (method !== allowed)
      return { ...problem(405, `use ${allowed}`), headers: { Allow: allowed } };
    const known = path === LIST_PATH ? LIST_PARAMETERS : REPLAY_PARAMETERS;
    const fault = parameterFault(request.query, known);
    if (fault !== undefined) return problem(400, fault);
    return path === LIST_PATH ? list(request) : replay(request);
  };

  async function list({ query }: HttpRequest): Promise<HttpReply> {
    const after = readCursor(new URLSearchParams(query).get('after'));
    if (after === 'malformed') return problem(400, 'after must be the next of another page');
    const page: DeadLetterPage = { limit: PAGE_SIZE + 1, ...(after && { after }) };
    const letters = await outbox.listDeadLetters(readFilter(query), page);
    const shown = letters.slice(0, PAGE_SIZE);
    const last = letters.length > PAGE_SIZE ? shown.at(-1) : undefined;
    return json(200, {
      deadLetters: shown.map(letterView),
      ...(last && { next: `${last.target}/${last.event.sequence}` }),
    });
  }

  async function replay({ query }: HttpRequest): Promise<HttpReply> {
    const filter = readFilter(query);
    const replaying = await outbox.replayDeadLetters(filter);
    onReplay(filter.target);
    return json(202, { replaying });
  }
}

/** A filter that was misspelt or left empty must not become one for everything. */
function parameterFault(query: string, known: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name)) return `there are only the parameters ${known.join(', ')}`;
    if (value === '') return `${name} is empty`;
    if (seen.has(name)) return `${name} is there twice`;
    seen.add(name);
  }
  return undefined;
}

function readFilter(query: string): DeadLetterFilter {
  const parameters = new URLSearchParams(query);
  const target = parameters.get('target');
  const eventId = parameters.get('id');
  return { ...(target !== null && { target }), ...(eventId !== null && { eventId }) };
}

function readCursor(text: string | null): DeadLetterPage['after'] | 'malformed' {
  if (text === null) return undefined;
  const [, target, sequence] = CURSOR.exec(text) ?? [];
  return target === undefined ? 'malformed' : { target, sequence: Number(sequence) };
}

const letterView = ({ target, event, reason, attempts, failedAtMs, isReplaying }: DeadLetter) => ({
  target,
  reason,
  attempts,
  failedAt: new Date(failedAtMs).toISOString(),
  isReplaying,
  event: envelopeOf(event),
});

const problem = (status: number, message: string): HttpReply => json(status, { message });

function json(status: number, body: unknown): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
