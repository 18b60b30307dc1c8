import type { Quotas } from './quotas.ts';

const MAX_QUOTA = 1_000_000;

/** `recordingConfigurations` as it is written in a setting: `recording-configurations`. */
const kebabCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * `channels=5000,recording-configurations=40`: `quotas` with these changes. Throws `SyntaxError` with the rule that is
 * broken.
 */
export function changeQuotas(quotas: Quotas, changes: string): Quotas {
  const names = new Map(Object.keys(quotas).map((name) => [kebabCase(name), name]));
  const changed: Record<string, number> = {};
  for (const change of changes.split(',')) {
    const [, key = '', digits = ''] = /^\s*([a-z-]+)\s*=\s*([0-9]{1,7})\s*$/.exec(change) ?? [];
    const name = names.get(key);
    if (name === undefined || Number(digits) > MAX_QUOTA) {
      throw new SyntaxError(
        `must be a list of <quota>=<0 to ${MAX_QUOTA}>, with ${[...names.keys()].join(', ')}`,
      );
    }
    changed[name] = Number(digits);
  }
  return { ...quotas, ...changed };
}

/** As many of everything as a setting can ask for. */
export function raiseQuotas(quotas: Quotas): Quotas {
  const raised = Object.keys(quotas).map((name) => [name, MAX_QUOTA] as const);
  return { ...quotas, ...Object.fromEntries(raised) };
}
