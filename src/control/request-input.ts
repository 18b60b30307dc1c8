import { ApiError } from '../domain/errors.ts';
import { parseQuery } from '../protocols/aws/canonical-request.ts';
import type { Operation } from './operation.ts';
import { describe } from './shapes/vocabulary.ts';

/** What a request says to an operation, before it is checked. */
export interface RawRequest {
  /** As received: percent-encoded. */
  readonly path: string;
  readonly query: string;
  readonly body: Uint8Array;
}

/** Gathers the members of inputs from where restJson1 puts them: body, label, query. */
export class InputReader {
  /** Of operations that were asked for. */
  readonly #memberNames = new Map<Operation, readonly string[]>();

  /**
   * The input as it came, without members that the operation does not have: access is decided by what this returns, and must be
   * decided by nothing that the operation does not act on. Throws ValidationException where it can't be read.
   */
  read(operation: Operation, request: RawRequest): Record<string, unknown> {
    const input =
      operation.method === 'POST' ? this.#membersOf(operation, readBody(request.body)) : {};
    const label = LABEL.exec(operation.uri)?.[1];
    if (label !== undefined) input[label] = readLabel(request.path);
    if (operation.queryMembers) {
      const query = parseQuery(request.query);
      for (const member of operation.queryMembers) {
        const values = query.filter(({ name }) => name === member).map(({ value }) => value);
        if (values.length > 0) input[member] = values;
      }
    }
    return input;
  }

  #membersOf(operation: Operation, body: Record<string, unknown>): Record<string, unknown> {
    let names = this.#memberNames.get(operation);
    if (!names) {
      const input = describe(operation.input);
      names = input.kind === 'structure' ? Object.keys(input.members) : [];
      this.#memberNames.set(operation, names);
    }
    const known = names.filter((name) => Object.hasOwn(body, name));
    return Object.fromEntries(known.map((name) => [name, body[name]]));
  }
}

/** `/tags/{resourceArn}` */
const LABEL = /\{(\w+)\}$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** "An empty body is the same as an empty JSON object". */
function readBody(body: Uint8Array): Record<string, unknown> {
  if (body.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw new ApiError('ValidationException', 'The request body is not valid JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError('ValidationException', 'The request body is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function readLabel(path: string): string {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    throw new ApiError('ValidationException', 'The request path is not percent-encoded UTF-8');
  }
}
