/**
 * Condition keys that a request to Ivory has, and those of AWS that it never has: a condition on one of these is
 * decided as AWS decides it where the key is missing. Any other is refused when a policy is read: a typing error in a Deny
 * must not allow.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const PRESENT = [
  'aws:currenttime',
  'aws:epochtime',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principaltype',
  'aws:requestedregion',
  'aws:resourceaccount',
  'aws:securetransport',
  'aws:sourceip',
  'aws:tagkeys',
  'aws:useragent',
  'aws:username',
];

const ABSENT = [
  'aws:calledvia',
  'aws:calledviafirst',
  'aws:calledvialast',
  'aws:multifactorauthage',
  'aws:multifactorauthpresent',
  'aws:principalisawsservice',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:referer',
  'aws:resourceorgid',
  'aws:resourceorgpaths',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:tokenissuetime',
  'aws:viaawsservice',
  'aws:vpcsourceip',
];

const TAG_PREFIXES = ['aws:requesttag/', 'aws:resourcetag/', 'aws:principaltag/'];

/** "Condition key names are not case-sensitive." */
export function isKnownConditionKey(key: string): boolean {
  const lower = key.toLowerCase();
  return (
    PRESENT.includes(lower) ||
    ABSENT.includes(lower) ||
    TAG_PREFIXES.some((prefix) => lower.startsWith(prefix) && lower.length > prefix.length)
  );
}
