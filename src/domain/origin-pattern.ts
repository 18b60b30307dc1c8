/**
 * RFC 6454 section 7.1, with `*.` before the host for all of its subdomains. The host is a name, an IPv4 address or an
 * IPv6 address in brackets; its port is checked apart.
 */
const ORIGIN =
  /^[a-z][a-z0-9+.-]*:\/\/(?:(?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/i;
const MAX_PORT = 65_535;

/** A page without an origin of its own, such as a sandboxed frame, sends this. */
const OPAQUE_ORIGIN = 'null';

const SUBDOMAINS = /^[a-z0-9_.-]+$/;

/** Whether the text is an origin as browsers send it in `Origin`, its host maybe with a leading `*.`. */
export function isOriginPattern(text: string): boolean {
  if (text === OPAQUE_ORIGIN) return true;
  const match = ORIGIN.exec(text);
  return match !== null && Number(match[1] ?? 0) <= MAX_PORT;
}

/**
 * Whether a request with this `Origin` header may play. No patterns allow all. Without the header it is no browser's, or no
 * cross-origin one: "this restricts only the browser client" (IVS, Generating and signing playback tokens).
 */
export function allowsOrigin(patterns: readonly string[], origin: string | undefined): boolean {
  if (patterns.length === 0 || origin === undefined) return true;
  const asked = normalized(origin);
  return patterns.some((pattern) => matches(normalized(pattern), asked));
}

function matches(pattern: string, origin: string): boolean {
  const wildcard = pattern.indexOf('://*.');
  if (wildcard < 0) return pattern === origin;
  const scheme = pattern.slice(0, wildcard + '://'.length);
  const rest = pattern.slice(wildcard + '://*'.length);
  return (
    origin.startsWith(scheme) &&
    origin.endsWith(rest) &&
    SUBDOMAINS.test(origin.slice(scheme.length, -rest.length))
  );
}

/** Browsers send lower case, and no port that is the scheme's own; who writes a pattern need not know. */
function normalized(origin: string): string {
  return origin.toLowerCase().replace(/^(https:\/\/.*):443$|^(http:\/\/.*):80$/, '$1$2');
}
