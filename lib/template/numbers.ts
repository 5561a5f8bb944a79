/** A number of a template; a bigint only for an integer beyond 2^53, so that equal numbers are of one type. */
export type Numeric = number | bigint

export type Operator = '+' | '-' | '*' | '/' | '%'

const NUMERIC = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
/** Reading and multiplying digits takes more than linear time. */
const MAX_DIGITS = 4096

/** Reads a finite number or a numeric text, an integer with all its digits; undefined for anything else. */
export function parseNumber(value: unknown): Numeric | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') return narrow(value)
  return typeof value === 'string' ? parseText(value.trim()) : undefined
}

/** Cuts off the fraction; of a text with all digits in front of it. Undefined for what is no number. */
export function parseInteger(value: unknown): Numeric | undefined {
  const number = parseNumber(value)
  if (typeof number !== 'number') return number
  const integer = Math.trunc(number)
  if (typeof value !== 'string' || Number.isSafeInteger(integer) || /e/i.test(value)) return integer
  return parseText(value.trim().replace(/\..*$/s, ''))
}

function parseText(text: string): Numeric | undefined {
  if (!NUMERIC.test(text)) return undefined
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  if (/^[+-]?\d+$/.test(text)) return text.length > MAX_DIGITS ? undefined : narrow(BigInt(text))
  return Number.isFinite(number) ? number : undefined
}

/** Calculates exactly where both are integers; the result may be infinite or no number. */
export function calculate(operator: Operator, left: Numeric, right: Numeric): Numeric {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = ON_NUMBERS[operator](left, right)
    if (Number.isSafeInteger(result) || !Number.isInteger(result)) return result
    return Number.isSafeInteger(left) && Number.isSafeInteger(right) ? onIntegers(operator, left, right) : result
  }
  if (isExact(left) && isExact(right)) return onIntegers(operator, left, right)
  return ON_NUMBERS[operator](Number(left), Number(right))
}

const ON_NUMBERS: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
}

function onIntegers(operator: Operator, left: Numeric, right: Numeric): Numeric {
  const a = BigInt(left)
  const b = BigInt(right)
  switch (operator) {
    case '+':
      return narrow(a + b)
    case '-':
      return narrow(a - b)
    case '*':
      return narrow(a * b)
    case '/':
      return b !== 0n && a % b === 0n ? narrow(a / b) : Number(left) / Number(right)
    case '%':
      return b === 0n ? Number.NaN : narrow(a % b)
  }
}

function isExact(value: Numeric): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

function narrow(value: bigint): Numeric {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
