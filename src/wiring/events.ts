import { join } from 'node:path';
import type { DataDirectory } from '../adapters/data-directory.ts';
import { EventBridgeTarget } from '../adapters/event-bridge-target.ts';
import { watchOperatorFile } from '../adapters/operator-file.ts';
import type { Store } from '../adapters/store/sqlite-store.ts';
import { randomBytes } from '../adapters/system.ts';
import { WebhookTarget } from '../adapters/webhook-target.ts';
import type { Config } from '../config.ts';
import type { ResettableStore } from '../control/emulator.ts';
import { deadLetterRoutes } from '../events/dead-letter-routes.ts';
import { EventDispatcher, type TargetMeasurements } from '../events/dispatcher.ts';
import { EventStream } from '../events/event-stream.ts';
import { parseTargetFile } from '../events/target-file.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';

/** What brings events to the outside. */
export interface Events {
  readonly handlers: readonly HttpHandler[];
  readonly measurements: () => Promise<readonly TargetMeasurements[]>;
  /** The store, with deliveries that know when it has been emptied. */
  readonly forgetting: (store: ResettableStore) => ResettableStore;
  /** Ends the answers that go on for ever. */
  readonly endStreams: () => void;
}

/** Takes up the deliveries where the last run left them. `resources` closes what this opens. */
export async function startEvents(options: {
  readonly config: Config;
  readonly directory: DataDirectory;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resources: AsyncDisposableStack;
}): Promise<Events> {
  const { config, directory, store, clock, log, resources } = options;
  const { outbox } = store;
  const dispatcher = resources.use(
    new EventDispatcher({
      ...{ outbox, clock, log, random: randomBytes },
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
