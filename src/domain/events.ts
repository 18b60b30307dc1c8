/** The detail-types of IVS's EventBridge events. */
export type StreamEventType =
  | 'IVS Stream State Change'
  | 'IVS Stream Health Change'
  | 'IVS Limit Breach'
  | 'IVS Recording State Change';

/** Every event a stream can have, by its detail-type. The one list. */
export const STREAM_EVENTS = {
  'Session Created': 'IVS Stream State Change',
  'Stream Start': 'IVS Stream State Change',
  'Stream End': 'IVS Stream State Change',
  'Session Ended': 'IVS Stream State Change',
  'Stream Failure': 'IVS Stream State Change',
  'Starvation Start': 'IVS Stream Health Change',
  'Starvation End': 'IVS Stream Health Change',
} as const satisfies Record<string, StreamEventType>;

export type StreamEventName = keyof typeof STREAM_EVENTS;

/** A fact about a stream. Stated once; the session's history, the log and whoever else listens read the same one. */
export interface StreamEvent {
  readonly name: StreamEventName;
  readonly timeMs: number;
  /** Only with the coded failures. */
  readonly code?: string;
}

/** Events that make a session's `hasErrorEvent` true. */
export function isErrorEvent(name: StreamEventName): boolean {
  return name === 'Stream Failure';
}
