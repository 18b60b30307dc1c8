import type { Operation } from './operation.ts';

export type Route =
  | { readonly kind: 'operation'; readonly operation: Operation }
  /** The path is the API's, the method is not; `methods`: what the path answers to. */
  | { readonly kind: 'wrong-method'; readonly methods: readonly string[] }
  | { readonly kind: 'unknown-operation' };

/** How every operation that has or ever had a name would be called. */
const OPERATION_PATH = /^\/[A-Z][A-Za-z0-9]*$/;

/** Finds the operation of a request. Whatever is no call of one is an unknown operation, as at AWS's endpoints. */
export class Routes {
  /** By path, with the last segment of a labelled one left out, then by method. */
  readonly #byPath = new Map<string, Map<string, Operation>>();

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const path = operation.uri.replace(/\{\w+\}$/, '');
      const methods = this.#byPath.get(path) ?? new Map<string, Operation>();
      this.#byPath.set(path, methods.set(operation.method, operation));
    }
  }

  find(method: string, path: string): Route {
    const operations = this.#byPath.get(path) ?? this.#byPath.get(labelledPath(path) ?? '');
    if (operations && !path.endsWith('/')) {
      const operation = operations.get(method);
      if (operation) return { kind: 'operation', operation };
      return { kind: 'wrong-method', methods: [...operations.keys()] };
    }
    // A page is told by its call that there is no such operation; without this one it would not get to call.
    if (OPERATION_PATH.test(path) && method === 'OPTIONS') {
      return { kind: 'wrong-method', methods: ['POST'] };
    }
    return { kind: 'unknown-operation' };
  }
}

/** `/tags/` of `/tags/arn%3Aaws…`: a label is one segment, with its slashes escaped. */
function labelledPath(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash + 1) : undefined;
}
