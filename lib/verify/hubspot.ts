const IN_PATH = /%(?:21|24|27|28|29|2A|2C|2F|3A|3B|40)/gi
const IN_QUERY = /%(?:21|24|27|28|29|2A|2C|2F|3A|3B|3F|40)/gi

/**
 * Writes a URL as HubSpot signs it: with a few characters decoded
 * (developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests). A `%3F` in the path stays, or it
 * could be taken for the beginning of the query.
 */
export function toHubspotUrl(url: string): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark)
  return path.replace(IN_PATH, decodeURIComponent) + query.replace(IN_QUERY, decodeURIComponent)
}
