import { SCHEMES } from '../../verify/schemes'
import { writeApp, writeTest } from './code'
import { INIT_PROVIDERS, type InitProvider } from './providers/providers'
import type { Lines, Provider, Variable } from './providers/provider'
import { INIT_TUNNELS, type InitTunnel } from './tunnels'

/** What a new project is for. */
export interface Choices {
  readonly provider: InitProvider
  readonly tunnel: InitTunnel
}

/** What a new project reads from the `package.json` of this package. */
export interface Manifest {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** The files of a new project, by name. */
export type ProjectFiles = Readonly<Record<string, string>>

/** Writes the files of a new project. */
export function writeProject({ provider: name, tunnel }: Choices, manifest: Manifest): ProjectFiles {
  const provider = INIT_PROVIDERS[name]
  const variables = listVariables(provider, tunnel)
  return {
    'callbacks.yml': toText(writeConfig(provider, tunnel)),
    '.env.example': toText(writeEnv(variables)),
    'app.mjs': toText(writeApp(provider)),
    'app.test.mjs': toText(writeTest(provider, variables, INIT_TUNNELS[tunnel].driver)),
    'package.json': `${JSON.stringify(writeManifest(tunnel, manifest), undefined, 2)}\n`,
    '.gitignore': toText(['.env', 'node_modules']),
  }
}

/** Lists the packages that a project depends on, with their versions, in the order of npm. */
export function listDependencies(tunnel: InitTunnel, { version, peerDependencies }: Manifest) {
  const { peer } = INIT_TUNNELS[tunnel]
  const peers = ['express', ...(peer === undefined ? [] : [peer])]
  // Of several versions that a peer may have, the last one is the latest.
  const versions = peers.map((name) => [name, peerDependencies[name]?.split('||').at(-1)?.trim() ?? '*'] as const)
  const all = [...versions, ['express-callbacks', `^${version}`] as const]
  return Object.fromEntries(all.sort(([one], [other]) => one.localeCompare(other)))
}

function toText(lines: Lines): string {
  return `${lines.join('\n')}\n`
}

function writeManifest(tunnel: InitTunnel, manifest: Manifest): object {
  return {
    private: true,
    type: 'module',
    scripts: { start: 'node app.mjs', test: 'node --test', validate: 'express-callbacks validate' },
    dependencies: listDependencies(tunnel, manifest),
  }
}

/** Without a tunnel, only services that are told a URL need the public one. */
function listVariables({ variables, namesUrl }: Provider, tunnel: InitTunnel): readonly Variable[] {
  return tunnel === 'none' && !namesUrl ? variables : [...variables, ...INIT_TUNNELS[tunnel].variables]
}

function writeEnv(variables: readonly Variable[]): Lines {
  return [
    '# Copy this file to .env, which nobody else gets, and fill it in.',
    ...variables.flatMap(({ name, text }) => ['', `# ${text}`, `${name}=`]),
  ]
}

function writeConfig(provider: Provider, tunnel: InitTunnel): Lines {
  const { label, scheme, path, setup, endpoint, rest } = provider
  return [
    '# yaml-language-server: $schema=./node_modules/express-callbacks/dist/schema.json',
    `# Callbacks of ${label}. How they are signed:`,
    `# ${SCHEMES[scheme].page}`,
    ...setup.map((line) => `# ${line}`),
    '',
    'listener:',
    '  port: 8090 # the port of the app',
    ...writePublicUrl(provider, tunnel),
    `  path: ${path} # of the callback URL`,
    `  verify: # what is not signed by ${label} is answered with 401`,
    ...writeVerify(provider).map((line) => `    ${line}`),
    ...endpoint.map((line) => `  ${line}`),
    '',
    ...writeGateway(provider, tunnel),
    ...(rest.length === 0 ? [] : ['', ...rest]),
  ]
}

function writePublicUrl({ namesUrl }: Provider, tunnel: InitTunnel): Lines {
  if (tunnel !== 'none' || !namesUrl) return []
  return ['  public_url: ${env.PUBLIC_URL} # without slash at the end; callback URLs begin with it']
}

function writeVerify({ scheme, verify = [], variables: [secret] }: Provider): Lines {
  const lines = SCHEMES[scheme].needsSecret ? [`secret: \${env.${secret?.name}}`, ...verify] : verify
  return [`scheme: ${scheme}`, ...lines]
}

function writeGateway({ namesUrl }: Provider, tunnel: InitTunnel): Lines {
  const { gateway } = INIT_TUNNELS[tunnel]
  if (gateway.length > 0) return gateway
  return [
    `# A tunnel gives the port a public URL while you develop${namesUrl ? '; take public_url out of the listener then' : ''}:`,
    ...INIT_TUNNELS.cloudflare.gateway.map((line) => `# ${line}`),
  ]
}
