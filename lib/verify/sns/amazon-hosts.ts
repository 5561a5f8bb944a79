const HOST = /^sns\.[a-z\d-]{3,40}\.amazonaws\.com(?:\.cn)?$/
const CERTIFICATE = /^\/SimpleNotificationService-[\w-]{1,100}\.pem$/

/** Returns a URL of Amazon SNS itself, undefined for any other: https, no user, no other port. */
export function readAmazonUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || text.length > 2048 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isOwn = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  return isOwn && HOST.test(url.hostname) ? url : undefined
}

/** Returns the URL of a certificate that Amazon SNS signs with, undefined for any other. */
export function readCertificateUrl(text: unknown): string | undefined {
  const url = readAmazonUrl(text)
  return url !== undefined && CERTIFICATE.test(url.pathname) && url.search === ''
    ? url.origin + url.pathname
    : undefined
}
