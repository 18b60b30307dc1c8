import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpoolBudget, type SpoolUser } from './spool-budget.ts';

class User implements SpoolUser {
  spooledBytes: number;
  isGrowing = true;
  isOverdue = false;
  isGivenUp = false;

  constructor(spooledBytes: number) {
    this.spooledBytes = spooledBytes;
  }

  outgrown(): void {
    this.isGrowing = false;
  }

  giveUp(): void {
    this.isGivenUp = true;
  }
}

function setUp(...sizes: number[]) {
  const budget = new SpoolBudget(3200);
  const users = sizes.map((size) => new User(size));
  for (const user of users) budget.add(user);
  const grow = (index: number, byteLength: number) => {
    users[index]!.spooledBytes += byteLength;
    budget.enforce();
  };
  return { budget, users, grow, growing: () => users.map(({ isGrowing }) => isGrowing) };
}

test('enforce() stops who has most, whoever grew', () => {
  const { grow, growing } = setUp(50, 2740, 10);
  grow(0, 0);
  assert.deepEqual(growing(), [true, true, true]);
  grow(0, 20);
  assert.deepEqual(growing(), [true, false, true]);
});

test('enforce() leaves who has little alone, until the very limit', () => {
  const { users, grow, growing } = setUp(50, 2900, 80);
  users[1]!.isGrowing = false;
  grow(0, 20);
  assert.deepEqual(growing(), [true, false, true]);
  grow(2, 30);
  assert.deepEqual(growing(), [true, false, false], 'more than a 32nd');
  grow(0, 30);
  assert.deepEqual(growing(), [true, false, false]);
  users[1]!.spooledBytes = 3100;
  grow(0, 0);
  assert.deepEqual(growing(), [false, false, false], 'the limit is one');
});

test('enforce() stops nobody who has no media, and counts nobody who is gone', () => {
  const { budget, users, grow, growing } = setUp(0, 3300);
  users[1]!.isGrowing = false;
  grow(0, 0);
  assert.deepEqual(growing(), [true, false]);
  budget.delete(users[1]!);
  grow(0, 90);
  assert.deepEqual(growing(), [true, false]);
});

test('enforce() gives up what waited for too long, one after the other, before it stops anybody', () => {
  const { users, grow, growing } = setUp(1000, 900, 950, 30);
  for (const user of users.slice(0, 3)) Object.assign(user, { isGrowing: false, isOverdue: true });
  const givenUp = () => users.map(({ isGivenUp }) => isGivenUp);
  grow(3, 70);
  grow(3, 200);
  assert.deepEqual(givenUp(), [true, false, false, false], 'its room is enough');
  assert.deepEqual(growing(), [false, false, false, true], 'and is waited for');
  grow(3, 100);
  assert.deepEqual(growing(), [false, false, false, false], 'up to the limit');
  assert.deepEqual(givenUp(), [true, false, false, false], 'and what leaves is waited for');
});

test('enforce() gives up the next one where the first is not enough', () => {
  const { users, grow } = setUp(400, 900, 1500, 30);
  for (const user of users.slice(0, 3)) Object.assign(user, { isGrowing: false, isOverdue: true });
  const givenUp = () => users.map(({ isGivenUp }) => isGivenUp);
  grow(3, 20);
  grow(3, 0);
  assert.deepEqual(givenUp(), [false, false, true, false]);
  users[3]!.spooledBytes = 1600;
  grow(3, 0);
  assert.deepEqual(givenUp(), [false, true, true, false]);
});

test('enforce() does not give up a recording of what is on air', () => {
  const { users, grow, growing } = setUp(2900, 10);
  users[0]!.isOverdue = true;
  grow(1, 10);
  assert.deepEqual([growing(), users[0]!.isGivenUp], [[false, true], false]);
  grow(1, 10);
  assert.deepEqual([growing(), users[0]!.isGivenUp], [[false, true], true]);
});
