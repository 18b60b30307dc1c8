import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpoolBudget, type SpoolUser } from './spool-budget.ts';

class User implements SpoolUser {
  spooledBytes: number;
  isGrowing = true;

  constructor(spooledBytes: number) {
    this.spooledBytes = spooledBytes;
  }

  outgrown(): void {
    this.isGrowing = false;
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
