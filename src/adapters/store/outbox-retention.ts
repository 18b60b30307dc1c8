import type { Transaction } from 'kysely';
import type { RetentionRules } from '../../events/ports.ts';
import type { Schema } from './schema.ts';

/** One that is not configured any more goes on where it was if it comes back in time: a file is easily broken for a while. */
export async function forgetTargets(
  transaction: Transaction<Schema>,
  { targets }: RetentionRules,
): Promise<void> {
  const oldest = await transaction
    .selectFrom('outbox_event')
    .select(({ fn }) => fn.min('sequence').as('sequence'))
    .executeTakeFirst();
  await transaction
    .deleteFrom('event_target')
    .where('name', 'not in', ['', ...targets])
    .where('delivered_through', '<', (oldest?.sequence ?? 0) - 1)
    .execute();
}

/** Those that are old, and those that are too many for their target. */
export async function trimDeadLetters(
  transaction: Transaction<Schema>,
  { targets: configured, deadBeforeMs, maxDeadLettersPerTarget }: RetentionRules,
): Promise<void> {
  await transaction
    .deleteFrom('event_dead_letter')
    .where('failed_at_ms', '<', deadBeforeMs)
    // One that is about to be delivered stays, where there is somebody to deliver it to.
    .where(({ eb, or }) =>
      or([eb('is_replaying', '=', 0), eb('target', 'not in', ['', ...configured])]),
    )
    .execute();
  const targets = await transaction
    .selectFrom('event_dead_letter')
    .select('target')
    .groupBy('target')
    .having(({ fn }) => fn.countAll(), '>', maxDeadLettersPerTarget)
    .execute();
  for (const { target } of targets) {
    const { sequence } = await transaction
      .selectFrom('event_dead_letter')
      .select('sequence')
      .where('target', '=', target)
      .orderBy('sequence', 'desc')
      .offset(maxDeadLettersPerTarget)
      .limit(1)
      .executeTakeFirstOrThrow();
    await transaction
      .deleteFrom('event_dead_letter')
      .where('target', '=', target)
      .where('sequence', '<=', sequence)
      .execute();
  }
}
