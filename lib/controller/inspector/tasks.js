import { get, post } from './api.js'
import { badge, byId, element, fill, spanOf, timeOf } from './dom.js'

/** Creates the list of tasks with their jobs on a time line. */
export function createTasks({ confirm, tell }) {
  const view = byId('view-tasks')

  async function cancel(task) {
    if (!(await confirm('Cancel this task?', `The task ${task.task_id} of ${task.workflow_id} ends as cancelled.`)))
      return
    await post(`tasks/${encodeURIComponent(task.task_id)}/cancel`)
    tell(`Cancelled ${task.task_id}`)
    await load()
  }

  function toItem(task) {
    const start = Date.parse(task.started_at)
    const end = task.ended_at === null ? Date.now() : Date.parse(task.ended_at)
    return element(
      'article',
      { class: 'card' },
      element('h2', {}, `${task.workflow_id} `, badge(task.status)),
      element(
        'p',
        { class: 'bar' },
        element('code', {}, task.task_id),
        ' began ',
        timeOf(task.started_at),
        `${task.ended_at === null ? 'and runs for' : 'and took'} ${spanOf(end - start)}`,
      ),
      task.error && element('p', { class: 'verdict' }, `${task.error.code}: ${task.error.message}`),
      timeLine(task, start, end),
      task.status === 'running' &&
        element(
          'button',
          { type: 'button', onclick: () => cancel(task).catch(({ message }) => tell(message)) },
          'Cancel',
        ),
    )
  }

  async function load() {
    const tasks = await get('tasks?all=true')
    if (view.contains(document.activeElement) && tasks.some(({ status }) => status === 'running')) return
    fill(
      view,
      tasks.length === 0
        ? element('p', { class: 'empty' }, 'No task is known. A task is one run of a workflow.')
        : element('div', { class: 'scroll' }, ...tasks.map(toItem)),
    )
  }

  return { load }
}

/** Shows the jobs of a task, each with its steps from the task's start to its end. */
function timeLine(task, start, end) {
  const whole = Math.max(end - start, 1)
  return element(
    'ol',
    { class: 'line', 'aria-label': 'Jobs' },
    ...task.jobs.map((job) => {
      const steps = job.steps.map((step) => ({ ...step, at: Date.parse(step.at) }))
      const bars = steps.map(({ status, at }, index) => {
        const until = steps[index + 1]?.at ?? (isOver(status) ? at : end)
        const bar = element('i', { class: `bar-${status}`, title: `${status}, ${spanOf(until - at)}` })
        bar.style.setProperty('--from', `${((at - start) / whole) * 100}%`)
        bar.style.setProperty('--width', `${Math.max(((until - at) / whole) * 100, 0.5)}%`)
        return bar
      })
      const waiting = job.waiting_for.length > 0 ? ` waits for ${job.waiting_for.join(', ')}` : ''
      return element(
        'li',
        {},
        element('span', { class: 'name' }, job.id),
        badge(job.status),
        element('span', { class: 'track', 'aria-hidden': true }, ...bars),
        element(
          'span',
          { class: 'note' },
          `${waiting}${job.attempt > 1 ? ` attempt ${job.attempt}` : ''}${job.error ? ` ${job.error.code}: ${job.error.message}` : ''}`,
        ),
      )
    }),
  )
}

const isOver = (status) => ['succeeded', 'failed', 'cancelled'].includes(status)
