// The operator's page: one access key, one view at a time, asked for again every few seconds.

import { Account } from './account.js';
import { ApiClient } from './api.js';
import { byId, setText } from './dom.js';
import { Notices } from './notices.js';
import { Overview } from './overview.js';
import { RefreshLoop } from './refresh-loop.js';
import { SignIn } from './sign-in.js';
import { readStreamSession } from './stream-session.js';
import { StreamView } from './stream-view.js';

/** `#<channel ARN or id>/<stream id>`; without the latter, the channel's newest stream. */
const PLACE =
  /^#(arn:aws:ivs:[a-z0-9-]+:[0-9]{12}:channel\/)?([A-Za-z0-9]{1,32})(?:\/(st-[A-Za-z0-9]+))?$/;

const notices = new Notices();
const overview = new Overview();
const signIn = new SignIn(enter);
const loop = new RefreshLoop({ refresh, look, onDone });

/** What belongs to the key that is signed in with: nothing of it is left when that is forgotten. */
let visit;

byId('forget').addEventListener('click', () => {
  leave();
  signIn.forget();
});
addEventListener('hashchange', () => {
  if (visit) openPlace();
});
if (signIn.remembered) enter(signIn.remembered);
else show('sign-in');

function enter(credentials) {
  const client = new ApiClient(credentials);
  visit = { credentials, client, account: new Account(client), isLookedThrough: false };
  byId('sign-in-button').disabled = true;
  openPlace();
}

function leave() {
  loop.stop();
  visit?.client.close();
  visit = undefined;
  byId('account').hidden = true;
  byId('sign-in-button').disabled = false;
  notices.show({});
  show('sign-in');
}

/** Shows what the address says, from the next answer on. */
function openPlace() {
  const [, prefix, channelId, streamId] = PLACE.exec(location.hash) ?? [];
  const channelArn = prefix && `${prefix}${channelId}`;
  visit.place = channelId && { channelId, channelArn, streamId, view: new StreamView() };
  if (visit.isIn) show(visit.place ? 'session' : 'overview');
  loop.start();
}

async function refresh() {
  const { account, client, place } = visit;
  const readiness = await readReadiness();
  if (visit) visit.readiness = readiness;
  if (!place?.channelArn) await account.refresh();
  if (place) await showStream(client, account, place);
}

async function showStream(client, account, place) {
  const { channelId, streamId, view } = place;
  try {
    place.channelArn ??= account.findArn(channelId);
    if (!place.channelArn) throw new NoSuchChannel(channelId);
    const found = await readStreamSession(client, place.channelArn, streamId);
    if (visit?.place === place) view.show(found);
  } catch (error) {
    if (!(error instanceof NoSuchChannel || error.isOfOneCall)) throw error;
    if (visit?.place === place) view.showProblem(error);
  }
}

class NoSuchChannel extends Error {
  name = 'Not found';
  operation = 'ListChannels';

  constructor(channelId) {
    super(`none of the channels has the id ${channelId}`);
  }
}

async function look() {
  const here = visit;
  if (here.place) return false;
  const isLooking = await here.account.look();
  if (!isLooking) here.isLookedThrough = true;
  return isLooking;
}

function onDone(error, retryMs) {
  const { account, place, credentials, readiness } = visit;
  if (error?.isOfKey) {
    leave();
    signIn.askAgain(credentials, `${error.name}: ${error.message}`);
    return;
  }
  notices.show({ readiness, error, retryMs, problems: account.problems });
  if (!visit.isIn) {
    if (error) {
      byId('sign-in-button').disabled = false;
      return;
    }
    visit.isIn = true;
    signIn.done();
    setText(byId('account-key'), credentials.accessKeyId);
    setText(byId('account-region'), credentials.region);
    byId('account').hidden = false;
  }
  show(place ? 'session' : 'overview');
  if (!place && !error) overview.show(account, visit.isLookedThrough);
}

/** Why the server is not ready, in its own words; `undefined` where it is. Rejects where it does not answer. */
async function readReadiness() {
  const response = await fetch('/readyz', { cache: 'no-store' });
  return response.status === 503 ? (await response.text()).slice(0, 200).trim() : undefined;
}

function show(view) {
  for (const name of ['sign-in', 'overview', 'session']) byId(name).hidden = name !== view;
  document.body.dataset.view = view;
  if (view !== 'session') document.title = 'Console · Ivory';
}
