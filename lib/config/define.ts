import type { CallbacksConfig, ComponentConfig, ListenerConfig, WorkflowConfig } from './input'

/** Returns the config that it was called with, so that an editor knows its type. */
export function defineConfig(config: CallbacksConfig): CallbacksConfig {
  return config
}

/** Returns the listener that it was called with, so that an editor knows its type. */
export function defineListener(listener: ListenerConfig): ListenerConfig {
  return listener
}

/** Returns the component that it was called with, so that an editor knows its type. */
export function defineComponent(component: ComponentConfig): ComponentConfig {
  return component
}

/** Returns the workflow that it was called with, so that an editor knows its type. */
export function defineWorkflow(workflow: WorkflowConfig): WorkflowConfig {
  return workflow
}
