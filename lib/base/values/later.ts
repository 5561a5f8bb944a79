/** A value that is there, or a promise of it. Work that waits for nothing stays in one turn that way. */
export type MaybeLater<T> = T | Promise<T>

/** Whether a value is a promise, of any realm and any library. */
export function isLater(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}

/** Goes on with a value at once, or when its promise has resolved. */
export function whenThere<T, U>(value: MaybeLater<T>, work: (value: T) => MaybeLater<U>): MaybeLater<U> {
  return value instanceof Promise ? value.then(work) : work(value)
}
