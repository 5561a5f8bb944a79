'use strict'

// Bodies of the size of the default limit that are made to hold the event loop while they are parsed.

const BYTES = 1024 ** 2 - 100
const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=b'
const FIELD = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n'

/**
 * Writes as many members as the limit has room for.
 * @param {(index: number) => string} member
 */
function fill(member) {
  const members = []
  let size = 0
  for (let index = 0; ; index += 1) {
    const text = member(index)
    size += text.length
    if (size > BYTES) return members.join('')
    members.push(text)
  }
}

/** Text in base 36, as short as a name can be. @param {number} index */
function name(index) {
  return index.toString(36)
}

/** Content type and body by what they are made of. @type {Record<string, () => [string, string | Buffer]>} */
const SHAPES = {
  'multipart: boundaries': () => [MULTIPART, fill(() => '--b\r\n')],
  'multipart: parts without name': () => [MULTIPART, `${fill(() => '--b\r\n\r\n\r\n')}--b--`],
  'multipart: lines that are nearly boundaries': () => [MULTIPART, FIELD + fill(() => '\r\n--bx')],
  'multipart: quotes in names': () => [
    MULTIPART,
    fill(() => `--b\r\ncontent-disposition: form-data; name="${'\\"'.repeat(800)}"\r\n\r\nx\r\n`),
  ],
  'form: names': () => [FORM, fill((index) => `key${index}=1&`)],
  'form: short names': () => [FORM, fill((index) => `${name(index)}&`)],
  'form: names in brackets': () => [FORM, fill((index) => `a[b][${index}]=1&`)],
  'form: escapes of no UTF-8': () => [FORM, fill((index) => `%FF${index}&`)],
  'form: escapes of a charset': () => [`${FORM}; charset=iso-8859-15`, fill(() => '%A4&')],
  'form: plus signs': () => [FORM, fill(() => '+')],
  'JSON: empty objects': () => [JSON_TYPE, `[${fill(() => '{},')}0]`],
  'JSON: objects of other names': () => [JSON_TYPE, `[${fill((index) => `{"${name(index)}":1},`)}0]`],
  'JSON: names': () => [JSON_TYPE, `{${fill((index) => `"${name(index)}":1,`)}"z":1}`],
  'JSON: one name': () => [JSON_TYPE, `{${fill(() => '"a":{},')}"a":1}`],
  'JSON: depth without end': () => [JSON_TYPE, fill(() => '{"a":')],
  'JSON: depth that is allowed': () => [JSON_TYPE, `[${fill(() => `${'['.repeat(98)}${']'.repeat(98)},`)}0]`],
  'JSON: one long number': () => [JSON_TYPE, fill(() => '9')],
  'JSON: escaped quotes': () => [JSON_TYPE, `["${fill(() => '\\"')}"]`],
  'JSON: under the label of a form': () => [FORM, `[${fill((index) => `{"${name(index)}":[]},`)}0`],
  'lines of JSON': () => ['application/x-ndjson', fill(() => '{}\n')],
  'text of a rare charset': () => ['text/plain; charset=gb18030', Buffer.alloc(BYTES & ~1, 0x81)],
}

module.exports = { SHAPES }
