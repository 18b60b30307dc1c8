import type { Tags } from '../../domain/channel.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { PageRequest, ResourceRecords } from '../ports.ts';
import { byCreation, creationCursor, isOf, pageOf } from './memory-page.ts';

interface Common extends Tenant {
  readonly arn: string;
  readonly createdAtMs: number;
  readonly tags: Tags;
}

/** `ResourceRecords` of one kind for tests. */
export class MemoryResourceRecords<Resource extends Common> implements ResourceRecords<Resource> {
  readonly byArn = new Map<string, Resource>();
  readonly #isInUse: (arn: string) => boolean;
  readonly #isSame: (a: Resource, b: Resource) => boolean;

  constructor(options: {
    readonly isInUse?: (arn: string) => boolean;
    /** For a kind of which a tenant may have nothing twice. */
    readonly isSame?: (a: Resource, b: Resource) => boolean;
  }) {
    this.#isInUse = options.isInUse ?? (() => false);
    this.#isSame = options.isSame ?? (() => false);
  }

  async create(resource: Resource, maxCount: number) {
    const owned = [...this.byArn.values()].filter((other) => isOf(other, resource));
    if (owned.some((other) => this.#isSame(other, resource))) return 'already-exists';
    if (owned.length >= maxCount) return 'quota-exceeded';
    this.byArn.set(resource.arn, resource);
    return 'created';
  }

  async get(arn: string) {
    return this.byArn.get(arn);
  }

  async list(tenant: Tenant, page: PageRequest) {
    const owned = [...this.byArn.values()].filter((resource) => isOf(resource, tenant));
    return pageOf(owned.sort(byCreation), creationCursor, page);
  }

  async update(arn: string, change: (current: Resource) => Resource) {
    const current = this.byArn.get(arn);
    if (!current) return undefined;
    const changed = change(current);
    this.byArn.set(arn, changed);
    return changed;
  }

  async delete(arn: string) {
    if (!this.byArn.has(arn)) return 'not-found';
    if (this.#isInUse(arn)) return 'in-use';
    this.byArn.delete(arn);
    return 'deleted';
  }
}
