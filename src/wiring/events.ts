import { join } from 'node:path';
import { EventBridgeTarget } from '../adapters/event-bridge-target.ts';
import { watchOperatorFile } from '../adapters/operator-file.ts';
import { randomBytes } from '../adapters/system.ts';
import { WebhookTarget } from '../adapters/webhook-target.ts';
import type { ResettableStore } from '../control/emulator.ts';
import { deadLetterRoutes } from '../events/dead-letter-routes.ts';
import { EventDispatcher, type TargetMeasurements } from '../events/dispatcher.ts';
import { EventStream } from '../events/event-stream.ts';
import { parseTargetFile } from '../events/target-file.ts';
import type { HttpHandler } from '../lib/http.ts';

import type { Foundation } from './foundation.ts';

/** What brings events to the outside. */
export interface Events {
  readonly handlers: readonly HttpHandler[];
  readonly measurements: () => Promise<readonly TargetMeasurements[]>;
  /** The store, with deliveries that know when it has been emptied. */
  readonly forgetting: (store: ResettableStore) => ResettableStore;
  /** Ends the answers that go on for ever. */
  readonly endStreams: () => void;
}

/** Takes up the deliveries where the last run left them. */
export async function startEvents(foundation: Foundation): Promise<Events> {
  const { config, directory, store, clock, log, resources } = foundation;
  const { outbox } = store;
  const dispatcher = resources.use(
    new EventDispatcher({
      outbox,
      clock,
      log,
      random: randomBytes,
      createTarget: (target) =>
        target.type === 'webhook'
          ? new WebhookTarget(target, clock)
          : new EventBridgeTarget(target),
    }),
  );
  let taken: Promise<void> = Promise.resolve();
  resources.use(
    await watchOperatorFile({
      subject: 'event targets',
      path: config.eventTargetsFile ?? join(directory.path, 'event-targets.json'),
      isRequired: config.eventTargetsFile !== undefined,
      load: (text) => {
        const { targets, problems } = parseTargetFile(text ?? '{"targets":[]}');
        if (problems.length > 0) return problems;
        taken = dispatcher.use(targets);
        return [];
      },
      clock,
      log,
    }),
  );
  // What happens from now on is for them.
  await taken;
  await dispatcher.trim();
  const stream = resources.use(new EventStream({ outbox, clock, readers: config.events }));
  return {
    handlers: [
      stream.handle,
      ...(config.events === 'off'
        ? []
        : [
            deadLetterRoutes({
              outbox,
              onReplay: (target) => dispatcher.replay(target),
            }),
          ]),
    ],
    measurements: () => dispatcher.measurements(),
    forgetting: (resettable) => ({
      async deleteEverything() {
        await resettable.deleteEverything();
        await dispatcher.forget();
      },
    }),
    endStreams: () => stream[Symbol.dispose](),
  };
}
