/**
 * The spellings in use: MaxMind's and DB-IP's `country.iso_code` (of a satellite link or the like
 * `registered_country` alone), ip-location-db's and IPinfo's `country_code`, IPinfo's older `country`.
 */
export function countryIn(record: unknown): string | undefined {
  const { country, registered_country: registered, country_code: code } = asObject(record);
  return [asObject(country)['iso_code'], asObject(registered)['iso_code'], code, country].find(
    (value) => typeof value === 'string' && /^[A-Z]{2}$/.test(value),
  ) as string | undefined;
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
