/** What an encoder makes of the URL it was given: `rtmp://<any host>/app/<stream key>?<parameters>`. */
const APP_NAME = 'app';

/** Whether `connect` names our one application; some encoders put a slash or the query behind it. */
export function isOurApp(app: string): boolean {
  return app.replace(/\/?(\?.*)?$/s, '') === APP_NAME;
}

/** A stream name may carry a query, e.g. `sk_…?priority=2`. Of repeated parameters the last one counts. */
export function parseStreamName(streamName: string): {
  readonly streamKey: string;
  readonly parameters: ReadonlyMap<string, string>;
} {
  const queryAt = streamName.indexOf('?');
  if (queryAt === -1) return { streamKey: streamName, parameters: new Map() };
  return {
    streamKey: streamName.slice(0, queryAt),
    parameters: new Map(new URLSearchParams(streamName.slice(queryAt + 1))),
  };
}
