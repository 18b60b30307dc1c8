import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** What a form of the query protocol says: texts all through, since the form has no types. */
export type QueryValue = string | readonly QueryValue[] | { readonly [name: string]: QueryValue };

/** `MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name` has nine. */
const MAX_SEGMENTS = 9;

/** 500 queries of a metric with 4 dimensions, which is as many as IVS's have, are 8,000; each costs more memory than its text. */
const MAX_PARAMETERS = 10_000;

/** Lists, and whatever else has members: there are 4,500 in those queries. */
const MAX_NODES = 10_000;

type Node = Map<string, Node | string>;

/**
 * The parameters of an AWS query request as a tree: `a.b=c` is a member of a member, `a.member.1=c` an item of a list.
 * `body`: `application/x-www-form-urlencoded`, already bounded. Throws ProtocolViolation where it has too many
 * parameters, or two that contradict each other.
 *
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function decodeQueryForm(body: string): Readonly<Record<string, QueryValue>> {
  const tree: Tree = { root: new Map(), nodes: 0 };
  if (body.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS) {
    throw new ProtocolViolation(`cannot read the form: more than ${MAX_PARAMETERS} parameters`);
  }
  for (const [name, value] of new URLSearchParams(body)) insert(tree, name, value);
  return Object.fromEntries(Array.from(tree.root, ([name, node]) => [name, toValue(node)]));
}

interface Tree {
  readonly root: Node;
  nodes: number;
}

function insert(tree: Tree, name: string, value: string): void {
  const segments = name.split('.', MAX_SEGMENTS + 1);
  const leaf = segments.pop() ?? '';
  if (segments.length >= MAX_SEGMENTS) {
    throw new ProtocolViolation('cannot read the form: a parameter is nested too deep');
  }
  let node = tree.root;
  for (const segment of segments) {
    const known = node.get(segment);
    if (typeof known === 'string') throw contradiction(name);
    const next: Node = known ?? new Map();
    if (!known) {
      if (++tree.nodes > MAX_NODES) {
        throw new ProtocolViolation(
          `cannot read the form: more than ${MAX_NODES} lists and structures`,
        );
      }
      node.set(segment, next);
    }
    node = next;
  }
  if (node.has(leaf)) throw contradiction(name);
  node.set(leaf, value);
}

const contradiction = (name: string) =>
  new ProtocolViolation(
    `cannot read the form: ${JSON.stringify(name.slice(0, 200))} contradicts another parameter`,
  );

function toValue(node: Node | string): QueryValue {
  if (typeof node === 'string') return node;
  const members = node.size === 1 ? node.get('member') : undefined;
  // Items come in the order of their numbers, which may have gaps.
  if (members instanceof Map) {
    return [...members]
      .map(([index, item]) => ({ index: Number(index), item }))
      .sort((a, b) => a.index - b.index)
      .map(({ item }) => toValue(item));
  }
  return Object.fromEntries(Array.from(node, ([name, member]) => [name, toValue(member)]));
}

/** An answer: `<GetMetricDataResponse><GetMetricDataResult>…`. Lists have `member` elements, dates are ISO 8601. */
export function queryResponse(
  operation: string,
  output: object,
  { requestId, namespace }: { readonly requestId: string; readonly namespace: string },
): string {
  const result = element(`${operation}Result`, output);
  const metadata = element('ResponseMetadata', { RequestId: requestId });
  return `<${operation}Response xmlns="${namespace}">${result}${metadata}</${operation}Response>`;
}

export function queryErrorResponse(
  error: { readonly code: string; readonly message: string; readonly isSenderFault: boolean },
  { requestId, namespace }: { readonly requestId: string; readonly namespace: string },
): string {
  const { code, message, isSenderFault } = error;
  const type = isSenderFault ? 'Sender' : 'Receiver';
  const body = element('Error', { Type: type, Code: code, Message: message });
  return `<ErrorResponse xmlns="${namespace}">${body}${element('RequestId', requestId)}</ErrorResponse>`;
}

function element(name: string, value: unknown): string {
  return value === undefined ? '' : `<${name}>${content(value)}</${name}>`;
}

function content(value: unknown): string {
  // Most of what there is: neither has anything to escape.
  if (typeof value === 'number') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => element('member', item)).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, member]) => element(name, member))
      .join('');
  }
  return escapeXml(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no place for control characters, escaped or not: what a caller sent of them is left out. */
function escapeXml(text: string): string {
  return text
    .replace(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu, '')
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
