'use strict'

/**
 * Returns the config of an app that orders a painting, waits for the callback, and reports it.
 * @param {string} service the origin of the service
 * @param {object} store
 */
function configOf(service, store) {
  return {
    store,
    listener: { path: '/done', identify_by: '${body.task}', workflow: false },
    components: {
      painter: {
        base_url: service,
        path: '/paint',
        idempotency: true,
        body: { run: '${input.run}' },
        completion: { type: 'callback', path: '/done', wait_for: '${response.task}' },
      },
      reporter: { base_url: service, path: '/report', body: '${input}', completion: 'none' },
    },
    workflow: {
      id: 'paint',
      jobs: [
        { id: 'paint', component: 'painter' },
        { id: 'report', component: 'reporter', input: { run: '${input.run}', painting: '${output.painting}' } },
      ],
      output: {
        run: '${input.run}',
        painting: '${jobs.paint.output.painting}',
        thanks: '${jobs.report.output.thanks}',
      },
    },
  }
}

module.exports = { configOf }
