/** Gives what the package `@ngrok/ngrok` threw as text. The number of an error stands in its `errorCode`, in its message, or in both. */
export function readThrown(error: unknown): string {
  const { message, errorCode }: { message?: unknown; errorCode?: unknown } =
    typeof error === 'object' && error !== null ? error : {}
  if (typeof message !== 'string') return String(error)
  const text = message.replaceAll(/\berror_code:\s*/g, '')
  return typeof errorCode !== 'string' || text.includes(errorCode) ? text : `${text} ${errorCode}`
}
