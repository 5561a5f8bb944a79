import type { Lines, Variable } from './providers/provider'

/** What opens a tunnel in a new project. */
interface Tunnel {
  /** What it needs, for the question. */
  readonly text: string
  /** The gateway in the config; none: services reach the app by itself. */
  readonly gateway: Lines
  readonly variables: readonly Variable[]
  /** The driver for which a test has one that opens nothing. */
  readonly driver?: string
  /** The optional peer that it needs. */
  readonly peer?: string
}

const PUBLIC_URL: Variable = {
  name: 'PUBLIC_URL',
  text: 'where services reach this app, such as https://app.example.com',
  example: 'https://app.example.com',
}

const TABLE = {
  none: { text: 'the app has a public URL', gateway: [], variables: [PUBLIC_URL] },
  cloudflare: {
    text: 'needs the program cloudflared, no account',
    gateway: [
      'gateway: # while you develop: a public URL for the port, another one at every start',
      '  driver: cloudflare # needs the program cloudflared',
      '  port: 8090',
    ],
    variables: [],
    driver: 'cloudflare',
  },
  ngrok: {
    text: 'needs an account',
    gateway: [
      'gateway: # while you develop: a public URL for the port',
      '  driver: ngrok',
      '  port: 8090',
      '  authtoken: ${env.NGROK_AUTHTOKEN}',
    ],
    variables: [
      {
        name: 'NGROK_AUTHTOKEN',
        text: 'https://dashboard.ngrok.com/get-started/your-authtoken',
        example: 'test-token',
      },
    ],
    driver: 'ngrok',
    peer: '@ngrok/ngrok',
  },
  ssh: {
    text: 'needs a server that you can log in to',
    gateway: [
      'gateway: # a port of your server leads to this one; its key must be in ~/.ssh/known_hosts',
      '  type: ssh-tunnel',
      "  port: '9834:8090'",
      '  public_url: ${env.PUBLIC_URL} # what a reverse proxy on the server makes of its port 9834',
      '  connection:',
      '    host: ${env.SSH_HOST}',
      '    auth:',
      '      type: agent',
      '      username: ${env.SSH_USER}',
    ],
    variables: [
      { name: 'SSH_HOST', text: 'the server', example: 'ssh.example.com' },
      { name: 'SSH_USER', text: 'your name there', example: 'ada' },
      PUBLIC_URL,
    ],
    driver: 'ssh',
    peer: 'ssh2',
  },
} satisfies Readonly<Record<string, Tunnel>>

/** The name of what opens a tunnel. */
export type InitTunnel = keyof typeof TABLE

/** What can open a tunnel in a new project; the first one is the default. */
export const INIT_TUNNELS: Readonly<Record<InitTunnel, Tunnel>> = TABLE
