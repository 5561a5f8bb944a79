import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  findKnownKeys,
  fingerprintOf,
  judgeHostKey,
  keyTypeOf,
  knownName,
  orderKeyTypes,
  parseKnownHosts,
} from '../../adapters/tunnels/ssh/known-hosts'
import { SSH_KEYGEN, withoutKeygen } from './use-sshd'

const A = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhLH+eddQ5M0Ei2yRRiY8tpZEy3SyYr9cL2a1qOQ1o/'
const B = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpuXd8GrujIE1MU/HOyDSFu3iKOMzJiNSIzg6ulNPMt'
const ECDSA =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBN5H9QquHO/bep8DmGHznkp7WaTi5M6bNtjIIKBSODaF49/2eKTVhufYjzQOQS2szMuMsAmALJp5D6IGVrRUta8='
const RSA =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDaG/4WqAkfM1EZaPEA96gT1WP21OEA/QECjoEb5vCfJeORHe+6ImIaaQ1iUFWlWAjZqtkxOzCfQQaJhntc3gIzZ4MsGDBORnIwKK/jsRr5QTnXiGGgi31BGwy0wqSXgjMsXl5JGFsG7gDkqsa07tw9Ih/dLy9uWTQnFT1+fPF8OQ=='
// By `ssh-keygen -H`: example.org, [example.org]:2222
const HASHED = `|1|pMJNp7NX8JHx/uIL5R1WO6ayAFQ=|dWjpthXE39lnMoVt1JFrCBNXTI4= ${A}`
const HASHED_PORT = `|1|gDlmmbnpWAeJ7K1NIe2feInygeo=|A8VyY+J254sE7Ejc84wyeMvnblU= ${A}`

function keyOf(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64')
}

function judge(text: string, server: string, shown = A) {
  const [host = '', port = '22'] = server.split('#')
  return judgeHostKey(findKnownKeys(parseKnownHosts(text), host, Number(port)), keyOf(shown))
}

describe('a shown host key', () => {
  test.each([
    ['plain', `example.org ${A}`, 'example.org', 'known'],
    ['with a comment', `example.org ${A} root@example some words`, 'example.org', 'known'],
    ['plain, in another case', `Example.ORG ${A}`, 'eXample.org', 'known'],
    ['in a list', `one.test,example.org,192.0.2.7 ${A}`, 'example.org', 'known'],
    ['of an address', `192.0.2.7 ${A}`, '192.0.2.7', 'known'],
    ['of an IPv6 address', `2001:db8::1 ${A}`, '2001:DB8::1', 'known'],
    ['of an IPv6 address with a port', `[2001:db8::1]:2222 ${A}`, '2001:db8::1#2222', 'known'],
    ['of another host', `example.com ${A}`, 'example.org', 'unknown'],
    ['of a longer name', `www.example.org ${A}`, 'example.org', 'unknown'],
    ['where a dot is no wildcard', `exampleXorg ${A}`, 'example.org', 'unknown'],
    ['in an empty file', '', 'example.org', 'unknown'],
    ['with a port', `[example.org]:2222 ${A}`, 'example.org#2222', 'known'],
    ['with another port', `[example.org]:2223 ${A}`, 'example.org#2222', 'unknown'],
    ['with a port, asked on 22', `[example.org]:2222 ${A}`, 'example.org', 'unknown'],
    ['of the bare host, asked on a port', `example.org ${A}`, 'example.org#2222', 'known'],
    ['with a port before the bare host', `example.org ${A}\n[example.org]:2222 ${B}`, 'example.org#2222', 'changed'],
    ['hashed', HASHED, 'example.org', 'known'],
    ['hashed, in another case', HASHED, 'EXAMPLE.org', 'known'],
    ['hashed of another host', HASHED, 'example.com', 'unknown'],
    ['hashed with a port', HASHED_PORT, 'example.org#2222', 'known'],
    ['hashed with a port, asked on 22', HASHED_PORT, 'example.org', 'unknown'],
    ['hashed in a way that is not known', HASHED.replace('|1|', '|2|'), 'example.org', 'unknown'],
    ['with *', `*.example.org ${A}`, 'www.example.org', 'known'],
    ['with * that needs a dot', `*.example.org ${A}`, 'example.org', 'unknown'],
    ['with ?', `example?.org ${A}`, 'example7.org', 'known'],
    ['with ? that needs a letter', `example?.org ${A}`, 'example.org', 'unknown'],
    ['with !', `*.example.org,!bad.example.org ${A}`, 'good.example.org', 'known'],
    ['with ! of this host', `*.example.org,!bad.example.org ${A}`, 'bad.example.org', 'unknown'],
    ['with ! first', `!bad.example.org,* ${A}`, 'bad.example.org', 'unknown'],
    ['with ! alone', `!bad.example.org ${A}`, 'good.example.org', 'unknown'],
    ['another', `example.org ${B}`, 'example.org', 'changed'],
    ['of another type', `example.org ${RSA}`, 'example.org', 'changed'],
    ['beside others', `example.org ${B}\nexample.org ${RSA}\nexample.org ${A}`, 'example.org', 'known'],
    ['revoked', `@revoked example.org ${A}`, 'example.org', 'revoked'],
    ['revoked everywhere', `@revoked * ${A}\nexample.org ${A}`, 'example.org', 'revoked'],
    ['revoked for the bare host', `@revoked example.org ${A}\n[example.org]:2222 ${A}`, 'example.org#2222', 'revoked'],
    ['while another is revoked', `@revoked * ${B}\nexample.org ${A}`, 'example.org', 'known'],
    ['revoked for another host', `@revoked example.com ${A}\nexample.org ${A}`, 'example.org', 'known'],
    ['that signs others', `@cert-authority *.org ${A}`, 'example.org', 'unknown'],
    ['behind an unknown mark', `@trusted example.org ${A}`, 'example.org', 'unknown'],
    ['in a comment', `# example.org ${A}`, 'example.org', 'unknown'],
    ['with CRLF', `# hosts\r\n\r\nexample.org ${A}\r\n`, 'example.org', 'known'],
    ['behind blanks and tabs', `\n \t example.org\t${A.replace(' ', '\t')}`, 'example.org', 'known'],
    ['behind a byte order mark', `\uFEFFexample.org ${A}`, 'example.org', 'known'],
    ['under another type', `example.org ${A.replace('ssh-ed25519', 'ssh-rsa')}`, 'example.org', 'unknown'],
    ['cut off', `example.org ssh-ed25519 AAA`, 'example.org', 'unknown'],
    ['left out', `example.org ssh-ed25519`, 'example.org', 'unknown'],
  ])('%s', (_what, text, server, expected) => {
    expect(judge(text, server)).toBe(expected)
  })
})

describe('the types to ask for', () => {
  const ordered = (text: string): readonly string[] | undefined =>
    orderKeyTypes(findKnownKeys(parseKnownHosts(text), 'example.org', 22))

  test.each([
    [[RSA], ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa', 'ssh-ed25519']],
    [[ECDSA], ['ecdsa-sha2-nistp256', 'ssh-ed25519', 'ecdsa-sha2-nistp384']],
    [
      [RSA, A],
      ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa', 'ecdsa-sha2-nistp256'],
    ],
  ])('begin with the known ones, and hold every other (%#)', (keys, start) => {
    const types = ordered(keys.map((key) => `example.org ${key}`).join('\n'))
    expect(types?.slice(0, start.length)).toEqual(start)
    expect(new Set(types).size).toBe(7)
  })

  test.each(['', `example.com ${RSA}`, `@revoked example.org ${RSA}`, `@cert-authority example.org ${RSA}`])(
    'are left open when no key is known (%#)',
    (text) => {
      expect(ordered(text)).toBeUndefined()
    },
  )
})

test.each([
  [A, 'SHA256:yw2gbvIPcmU3Rqwyld3F5vHgpC1Jz7Vn8om+14s5V/o', 'ssh-ed25519'],
  [ECDSA, 'SHA256:nwxKi38ie0H8uSH8r1AUPptNryI3+OxWc1oO4N0u8uY', 'ecdsa-sha2-nistp256'],
  [RSA, 'SHA256:zFstK+VsmLVYSLrufta/qodZJTmSDlfIbx6PO7m9SxE', 'ssh-rsa'],
])('a key has the fingerprint that ssh-keygen tells, and a type (%#)', (line, fingerprint, type) => {
  expect(fingerprintOf(keyOf(line))).toBe(fingerprint)
  expect(keyTypeOf(keyOf(line))).toBe(type)
})

test.each(['', 'AAA=', 'AAAA////'])('what is no key has no type (%j)', (text) => {
  expect(keyTypeOf(Buffer.from(text, 'base64'))).toBe('')
})

test('a server is called by its host, and by its port when that is not 22', () => {
  expect([knownName('A.test', 22), knownName('A.test', 2222)]).toEqual(['a.test', '[a.test]:2222'])
})

const testWithKeygen = withoutKeygen === undefined ? test : test.skip

testWithKeygen(
  `files hashed by ssh-keygen are read${withoutKeygen === undefined ? '' : ` (skipped: ${withoutKeygen})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-'))
    try {
      const file = join(folder, 'known_hosts')
      const names = ['a.test', '[a.test]:2222', '192.0.2.1', '2001:db8::1', '[2001:db8::1]:22022']
      writeFileSync(file, names.map((name) => `${name} ${A}\n`).join(''))
      execFileSync(SSH_KEYGEN, ['-H', '-f', file], { stdio: 'ignore' })
      const text = readFileSync(file, 'utf8')
      expect(text).not.toContain('a.test')
      for (const server of ['a.test', 'a.test#2222', '192.0.2.1', '2001:db8::1', '2001:db8::1#22022'])
        expect([server, judge(text, server), judge(text, server, B)]).toEqual([server, 'known', 'changed'])
      expect(judge(text, 'b.test')).toBe('unknown')
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
