import type { Template } from '../../template/compile'
import type { CompletionSpec, PollingSpec } from '../sections/completion'
import type { ComponentSpec } from '../sections/component'
import type { RequestSpec } from '../sections/request'

/** Lists every template that a component renders when a job calls it. */
export function listComponentTemplates(component: ComponentSpec | undefined): readonly Template[] {
  if (component?.type !== 'http-client') return []
  const { baseUrl, baseHeaders, output, completion, status } = component
  const templates = [baseUrl, baseHeaders, ...ofRequest(component), output, status, ...ofCompletion(completion)]
  return templates.filter((template) => template !== undefined)
}

type Templates = readonly (Template | undefined)[]

function ofRequest({ path, endpoint, headers, params, body }: RequestSpec): Templates {
  return [path, endpoint, headers, params, body]
}

function ofCompletion(completion: CompletionSpec | undefined): Templates {
  switch (completion?.type) {
    case 'callback':
      return [completion.path, completion.waitFor, completion.doneWhen, ...ofPolling(completion.fallback)]
    case 'polling':
      return [completion.doneWhen, ...ofPolling(completion.polling)]
    default:
      return []
  }
}

function ofPolling(polling: PollingSpec | undefined): Templates {
  return polling === undefined ? [] : [...ofRequest(polling), polling.status, polling.result]
}
