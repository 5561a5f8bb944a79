import { type CreateSample, json, type Moment, type SampleEvent, toIso, toSeconds } from './sample'

const OWNER = { login: 'ada', id: 4_100_042, type: 'User', html_url: 'https://github.com/ada', site_admin: false }
const BEFORE = '6b0c0e5f4a3d7f1f9b1d2c8e7a6f5e4d3c2b1a09'

function repositoryOf(moment: Moment): object {
  return {
    id: 715_203_344,
    name: 'prints',
    full_name: 'ada/prints',
    private: false,
    owner: OWNER,
    html_url: 'https://github.com/ada/prints',
    clone_url: 'https://github.com/ada/prints.git',
    default_branch: 'main',
    updated_at: toIso(moment),
  }
}

function github(moment: Moment, event: string, body: object): SampleEvent {
  const id = moment.createId(32)
  const delivery = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join('-')
  const headers = {
    'user-agent': 'GitHub-Hookshot/4f1c2a7',
    'x-github-delivery': delivery,
    'x-github-event': event,
    'x-github-hook-id': '498001122',
    'x-github-hook-installation-target-type': 'repository',
  }
  return json({ ...body, repository: repositoryOf(moment), sender: OWNER }, headers)
}

/** Events of GitHub (docs.github.com/webhooks/webhook-events-and-payloads). */
export const GITHUB: Readonly<Record<string, CreateSample>> = {
  push(moment) {
    const after = moment.createId(40)
    const author = { name: 'Ada Example', email: 'ada@example.com', username: 'ada' }
    const commit = {
      id: after,
      tree_id: moment.createId(40),
      distinct: true,
      message: 'Paint the cat',
      timestamp: toIso(moment, 5000),
      url: `https://github.com/ada/prints/commit/${after}`,
      author,
      committer: author,
      added: ['cat.svg'],
      removed: [],
      modified: ['README.md'],
    }
    return github(moment, 'push', {
      ref: 'refs/heads/main',
      before: BEFORE,
      after,
      created: false,
      deleted: false,
      forced: false,
      base_ref: null,
      compare: `https://github.com/ada/prints/compare/${BEFORE.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: [commit],
      head_commit: commit,
      pusher: { name: author.name, email: author.email },
    })
  },
  workflow_run(moment) {
    const id = 9_000_000_000 + (toSeconds(moment) % 1_000_000_000)
    return github(moment, 'workflow_run', {
      action: 'completed',
      workflow_run: {
        id,
        name: 'CI',
        head_branch: 'main',
        head_sha: moment.createId(40),
        path: '.github/workflows/ci.yml',
        display_title: 'Paint the cat',
        run_number: 88,
        run_attempt: 1,
        event: 'push',
        status: 'completed',
        conclusion: 'success',
        workflow_id: 77_120_045,
        html_url: `https://github.com/ada/prints/actions/runs/${id}`,
        created_at: toIso(moment, 95_000),
        run_started_at: toIso(moment, 94_000),
        updated_at: toIso(moment),
        actor: OWNER,
      },
      workflow: { id: 77_120_045, name: 'CI', path: '.github/workflows/ci.yml', state: 'active' },
    })
  },
}
