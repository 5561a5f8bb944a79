/** A config that is wrong, and who says so: the compiler, before the app runs, or the error that `callbacks()` throws. */
export interface WrongConfig {
  readonly title: string
  readonly config: unknown
  /** What the one that says it must name: the key, and what to do. */
  readonly names: readonly string[]
}

const PATH = '/done'
const CLIENT = { path: 'https://api.example.com/jobs' }

/** What the compiler refuses. Each of them is refused by `callbacks()` too, or has no effect with a warning. */
export const REFUSED_BY_COMPILER: readonly WrongConfig[] = [
  { title: 'a section is misspelt', config: { listner: { path: PATH } }, names: ["'listner'", 'CallbacksConfig'] },
  { title: 'a key is misspelt', config: { listener: { path: PATH, identfy_by: 'x' } }, names: ["'identfy_by'"] },
  {
    title: 'a key of a callback in a list is misspelt',
    config: { listener: { callbacks: [{ path: PATH, tmeout: '1h' }] } },
    names: ["'tmeout'", "'timeout'"],
  },
  { title: 'a callback has no path', config: { listener: { callbacks: [{}] } }, names: ["'path'"] },
  { title: 'a method is misspelt', config: { listener: { path: PATH, method: 'PSOT' } }, names: ['"PSOT"', '"POST"'] },
  {
    title: 'a method of a component is misspelt',
    config: { component: { ...CLIENT, method: 'FETCH' } },
    names: ['"FETCH"', '"PATCH"'],
  },
  {
    title: 'a duration has no such unit',
    config: { listener: { path: PATH, timeout: '5 minutes' } },
    names: ['minutes'],
  },
  { title: 'a duration is true', config: { workflow: { jobs: [], timeout: true } }, names: ['timeout', 'Duration'] },
  { title: 'a size has no such unit', config: { listener: { path: PATH, body_limit: '1 mib' } }, names: ['1 mib'] },
  { title: 'a rate has no window', config: { listener: { path: PATH, rate_limit: '100' } }, names: ['"100"'] },
  {
    title: 'a rate is a number',
    config: { component: { ...CLIENT, rate_limit: 10 } },
    names: ['rate_limit', 'number'],
  },
  { title: 'a port is a word', config: { listener: { path: PATH, port: 'http' } }, names: ['"http"'] },
  { title: 'a flag is a word', config: { listener: { path: PATH, bulk: 'yes' } }, names: ['"yes"', '"true"'] },
  {
    title: 'a type of listener is unknown',
    config: { listener: { path: PATH, type: 'webhook' } },
    names: ['"webhook"', '"http-callback"'],
  },
  {
    title: 'a trigger has a key of a callback',
    config: { listener: { type: 'http-trigger', path: PATH, identify_by: '${body.id}' } },
    names: ["'identify_by'", 'TriggerListener'],
  },
  {
    title: 'a listener of triggers has callbacks',
    config: { listener: { type: 'http-trigger', callbacks: [{ path: PATH }] } },
    names: ["'callbacks'", 'TriggerListener'],
  },
  {
    title: 'a completion waits for a misspelt mode',
    config: { component: { ...CLIENT, completion: { wait_for: { ayn: ['a', 'b'] } } } },
    names: ["'ayn'", 'WaitForConfig'],
  },
  {
    title: 'a branch of a completion has a misspelt key',
    config: { component: { ...CLIENT, completion: { wait_for: { all: [{ id: 'a', timout: '5m' }] } } } },
    names: ["'timout'"],
  },
  {
    title: 'a completion has a mapping for an id',
    config: { component: { ...CLIENT, completion: { wait_for: { id: 'a' } } } },
    names: ["'id'"],
  },
  {
    title: 'a scheme is misspelt',
    config: { listener: { path: PATH, verify: { scheme: 'strype', secret: 'x' } } },
    names: ['"strype"', '"stripe"'],
  },
  {
    title: 'a scheme lacks its secret',
    config: { listener: { path: PATH, verify: { scheme: 'stripe' } } },
    names: ["'secret'", 'required'],
  },
  {
    title: 'a scheme alone lacks its secret',
    config: { listener: { path: PATH, verify: 'github' } },
    names: ['"github"'],
  },
  {
    title: 'a scheme that publishes its keys has a secret',
    config: { listener: { path: PATH, verify: { scheme: 'fal', secret: 'x' } } },
    names: ["'secret'", 'FalVerify'],
  },
  {
    title: 'a scheme has a key of another one',
    config: { listener: { path: PATH, verify: { scheme: 'stripe', secret: 'x', topic: 'arn:x' } } },
    names: ["'topic'"],
  },
  {
    title: 'a hash is unknown',
    config: { listener: { path: PATH, verify: { scheme: 'hmac', secret: 'x', algorithm: 'md5' } } },
    names: ['"md5"', '"sha256"'],
  },
  {
    title: 'ngrok has a key of cloudflare',
    config: { gateway: { port: 8090, driver: 'ngrok', token: 'x' } },
    names: ["'token'"],
  },
  {
    title: 'cloudflare has a key of ngrok',
    config: { gateway: { port: 8090, driver: 'cloudflare', authtoken: 'x' } },
    names: ["'authtoken'"],
  },
  { title: 'a gateway lacks its port', config: { gateway: { driver: 'ngrok' } }, names: ["'port'"] },
  {
    title: 'an ssh-tunnel lacks its host',
    config: { gateway: { port: 8090, connection: { auth: 'agent' } } },
    names: ["'host'"],
  },
  { title: 'redis lacks its url', config: { store: { type: 'redis' } }, names: ["'url'", 'required'] },
  { title: 'postgres alone lacks its url', config: { store: 'postgres' }, names: ['"postgres"'] },
  { title: 'a file store lacks its path', config: { store: { type: 'file' } }, names: ["'path'", 'required'] },
  {
    title: 'a store in memory has a path',
    config: { store: { type: 'memory', path: '/var/lib/x' } },
    names: ["'path'", 'MemoryStore'],
  },
  { title: 'a type of store is misspelt', config: { store: { type: 'postgress', url: 'x' } }, names: ['"postgress"'] },
  {
    title: 'a logger has a request',
    config: { component: { type: 'logger', path: '/x' } },
    names: ["'path'", 'LoggerComponent'],
  },
  {
    title: 'a client has a port',
    config: { component: { type: 'http-client', port: 3000 } },
    names: ["'port'", 'HttpClientComponent'],
  },
  {
    title: 'a completion by callback has an interval',
    config: { component: { ...CLIENT, completion: { type: 'callback', interval: '5s' } } },
    names: ["'interval'", 'CallbackCompletion'],
  },
  {
    title: 'a backoff is unknown',
    config: { workflow: { jobs: [{ component: 'logger', retry: { backoff: 'linear' } }] } },
    names: ['"linear"', '"exponential"'],
  },
  { title: 'a controller has no token', config: { controller: { auth: { type: 'bearer' } } }, names: ["'token'"] },
]

/** What only `callbacks()` can know: it depends on several keys, or on what a text says. */
export const REFUSED_AT_START: readonly WrongConfig[] = [
  // The name of a driver may be that of one of the app, of which the compiler knows nothing.
  {
    title: 'static lacks its URL',
    config: { gateway: { port: 8090, driver: 'static' } },
    names: ['gateway.public_url', 'the URL under which'],
  },
  {
    title: 'command lacks its program',
    config: { gateway: { port: 8090, driver: 'command' } },
    names: ['gateway.command', 'the program and its arguments'],
  },
  {
    title: 'a store has a URL of another protocol',
    config: { store: { type: 'redis', url: 'http://localhost' } },
    names: ['store.url', 'redis://'],
  },
  {
    title: 'a public URL has no protocol',
    config: { gateway: { port: 8090, public_url: 'example.com' } },
    names: ['gateway.public_url', 'https://'],
  },
  {
    title: 'a job calls a component that is not there',
    config: { component: { id: 'paint', ...CLIENT }, workflow: { jobs: [{ component: 'pant' }] } },
    names: ['workflow.jobs[0].component', 'paint'],
  },
  {
    title: 'two callbacks have one path',
    config: { listener: { callbacks: [{ path: PATH }, { path: PATH }] } },
    names: ['listener.callbacks[1].path', 'callbacks[0]'],
  },
  {
    title: 'a template is broken',
    config: { listener: { path: PATH, identify_by: '${body.id' } },
    names: ['listener.identify_by', '"}" is missing'],
  },
  {
    title: 'an id is read from what the signature leaves out',
    config: { listener: { path: PATH, identify_by: '${query.id}', verify: { scheme: 'github', secret: 'x' } } },
    names: ['listener.identify_by', 'unsigned_ids'],
  },
  {
    title: 'a tunnel of Cloudflare has half of its credentials',
    config: { gateway: { port: 8090, driver: 'cloudflare', tunnel: 'x', hostname: 'x.example.com' } },
    names: ['gateway.credentials_file', 'cloudflared tunnel create'],
  },
  {
    title: 'a port is out of range',
    config: { listener: { path: PATH, port: 80_900 } },
    names: ['listener.port', '65535'],
  },
]
