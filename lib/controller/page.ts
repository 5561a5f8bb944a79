import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ListenerRequest } from '../body/request'
import type { Answer } from './answer'
import type { Route } from './routes'

const FOLDER = join(__dirname, 'inspector')
const FILES = [
  'index.html',
  'inspector.css',
  'main.js',
  'api.js',
  'dom.js',
  'deliveries.js',
  'delivery-table.js',
  'delivery-view.js',
  'waits.js',
  'tasks.js',
  'gateways.js',
]

/** Nothing but the page's own files, and no other page around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/**
 * Creates the routes of the inspector's page. They show no data, so that they need no token: the page asks for it, and sends
 * it with what it reads.
 */
export function createPageRoutes(): readonly Route[] {
  const texts = new Map<string, string>()

  function read(name: string): Answer {
    const text = texts.get(name) ?? readFileSync(join(FOLDER, name), 'utf8')
    texts.set(name, text)
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : 'text/html'
    return {
      status: 200,
      type: `${type}; charset=utf-8`,
      text,
      headers: { 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' },
    }
  }

  return [
    {
      method: 'GET',
      path: '',
      doc: {
        summary: 'Shows the inspector; without the slash at its end it redirects there',
        answers: { 200: 'text/html', 302: 'text/plain' },
      },
      isOpen: true,
      answer: ({ request }) => (endsWithSlash(request) ? read('index.html') : addSlash(request)),
    },
    ...FILES.slice(1).map((name): Route => ({
      method: 'GET',
      path: `/inspector/${name}`,
      doc: undefined,
      isOpen: true,
      answer: () => read(name),
    })),
  ]
}

/** The page's own addresses are relative, so that it can be mounted anywhere; they need the slash. */
function endsWithSlash({ originalUrl, url = '/' }: ListenerRequest): boolean {
  return (originalUrl ?? url).replace(/[?#].*$/s, '').endsWith('/')
}

function addSlash({ originalUrl, url = '/' }: ListenerRequest): Answer {
  const path = (originalUrl ?? url).replace(/[?#].*$/s, '')
  // Only the last segment: it cannot lead to another host, whatever the path begins with.
  const location = `./${path.split('/').at(-1) ?? ''}/`
  return { status: 302, type: 'text/plain; charset=utf-8', text: location, headers: { location } }
}
