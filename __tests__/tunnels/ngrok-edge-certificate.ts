import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PROGRAM = 'openssl'

/** What an edge shows to agents, and what they trust. */
export interface EdgeCertificate {
  readonly key: Buffer
  readonly cert: Buffer
  /** The file with the certificate authority. */
  readonly caFile: string
}

/**
 * Makes a certificate for localhost and the authority that signed it, in a folder. The certificate of the other tests is
 * its own authority, which the package @ngrok/ngrok does not take.
 */
export function createEdgeCertificate(folder: string): EdgeCertificate {
  const path = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => void execFileSync(PROGRAM, args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test edge')
  openssl('req', ...newKey, '-keyout', 'edge.key', '-out', 'edge.csr', '-subj', '/CN=localhost')
  writeFileSync(path('edge.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n')
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'edge.ext']
  openssl('x509', '-req', '-in', 'edge.csr', ...signer, '-out', 'edge.pem')
  return { key: readFileSync(path('edge.key')), cert: readFileSync(path('edge.pem')), caFile: path('ca.pem') }
}
