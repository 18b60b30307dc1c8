// What this page knows of an account: what is on air, its channels, and what is wrong with them.

import { ApiError } from './api.js';
import { readCharts } from './metrics.js';
import { SessionBook } from './session-book.js';

/** Pages of a hundred. */
const CHANNEL_PAGES = 3;
const SLOW_INTERVAL_MS = 60_000;
/** A new channel on air is looked up, but not with every refresh. */
const UNKNOWN_INTERVAL_MS = 10_000;
const CHART_MS = 10 * 60_000;
const CHART_PERIOD_SECONDS = 10;

export class Account {
  streams = [];
  hasMoreStreams = false;
  channels = new Map();
  hasMoreChannels = false;
  failedConfigurations = [];
  charts = new Map();
  /** By operation: what the API refuses while the rest goes on. */
  problems = new Map();
  sessions;
  #client;
  #readAtMs = new Map();

  constructor(client) {
    this.#client = client;
    this.sessions = new SessionBook(client);
  }

  /** What changes all the time, and now and again what does not: at most seven calls. */
  async refresh() {
    await this.#part('ListStreams', async () => {
      const { items, hasMore } = await this.#client.list('ListStreams', 'streams', 1);
      this.streams = items;
      this.hasMoreStreams = hasMore;
      this.sessions.noteLive(items);
    });
    const hasUnknown = this.streams.some(({ channelArn }) => !this.channels.has(channelArn));
    if (this.#isDue('ListChannels', hasUnknown ? UNKNOWN_INTERVAL_MS : SLOW_INTERVAL_MS)) {
      await this.#part('ListChannels', () => this.#readChannels());
    }
    if (this.#isDue('ListRecordingConfigurations', SLOW_INTERVAL_MS)) {
      await this.#part('ListRecordingConfigurations', () => this.#readConfigurations());
    }
    await this.#part('GetMetricData', () => this.#readCharts());
  }

  /** A few calls more, to learn what failed; resolves to whether there is anything left to ask. */
  async look() {
    const live = this.streams.map(({ channelArn }) => channelArn);
    const arns = new Set([...live, ...this.channels.keys()]);
    const isLooking = await this.sessions.look([...arns], this.streams);
    const { problem } = this.sessions;
    if (problem) this.problems.set(problem.operation, problem);
    return isLooking;
  }

  /** The ARN of a channel by its id, once channels were listed. */
  findArn(channelId) {
    return this.channels.keys().find((arn) => arn.endsWith(`/${channelId}`));
  }

  async #readChannels() {
    const { items, hasMore } = await this.#client.list('ListChannels', 'channels', CHANNEL_PAGES);
    this.channels = new Map(items.map((channel) => [channel.arn, channel]));
    this.hasMoreChannels = hasMore;
  }

  async #readConfigurations() {
    const { items } = await this.#client.list(
      'ListRecordingConfigurations',
      'recordingConfigurations',
      1,
    );
    this.failedConfigurations = items.filter(({ state }) => state === 'CREATE_FAILED');
  }

  async #readCharts() {
    const endMs = Date.now();
    const arns = this.streams.map(({ channelArn }) => channelArn);
    this.charts = await readCharts(this.#client, arns, {
      lines: ['bitRate', 'viewers'],
      startMs: endMs - CHART_MS,
      endMs,
      periodSeconds: CHART_PERIOD_SECONDS,
    });
  }

  #isDue(name, intervalMs) {
    const now = performance.now();
    if (now - (this.#readAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < intervalMs) return false;
    this.#readAtMs.set(name, now);
    return true;
  }

  /** What a policy denies is told, and the rest goes on; a key that is refused, throttling and a lost server are for the caller. */
  async #part(name, work) {
    try {
      await work();
      this.problems.delete(name);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isOfOneCall) throw error;
      this.problems.set(name, error);
    }
  }
}
