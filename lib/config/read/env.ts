import { CallbackError } from '../../base/errors'
import { compileTemplate, type Template } from '../../template/compile'
import { splitTemplate } from '../../template/split'
import { describeBroken, isSecretPlace } from '../field/found'
import type { ConfigPath } from '../../base/values/config-path'
import { escapePlaceholders } from '../field/placeholder'
import { isMapping } from '../../base/values/plain'
import type { Report } from '../field/report'
import { findStructure, listAlternatives, type Shape } from '../field/shape'
import type { Environment } from './source'

/**
 * Renders every text of a raw config that reads nothing but the environment. Returns the config with the results in their
 * place. Texts that read other sources too stay templates. Missing variables are reported, all of them.
 */
export function resolveEnv(root: Shape, data: unknown, env: Environment, report: Report): unknown {
  function resolve(shape: Shape | undefined, value: unknown, path: ConfigPath): unknown {
    if (typeof value === 'string') return value.includes('${') ? resolveText(value, shape, path, env, report) : value
    const structure = shape && findStructure(shape, value)
    const inside = (key: string): Shape | undefined =>
      structure?.form === 'table' ? structure.byKey.get(key)?.shape : structure?.item
    if (Array.isArray(value)) return value.map((item: unknown, index) => resolve(inside(''), item, [...path, index]))
    if (!isMapping(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(inside(key), item, [...path, key])]),
    )
  }
  return resolve(root, data, [])
}

function resolveText(
  text: string,
  shape: Shape | undefined,
  path: ConfigPath,
  env: Environment,
  report: Report,
): unknown {
  const shapes = shape === undefined ? [] : listAlternatives(shape)
  // A regular expression or an argument of a program, in which `${` means nothing to us.
  const isRaw = shapes.some((one) => one.form === 'value' && one.isUntyped)
  const template = compileText(text, path, isRaw, report)
  if (template === undefined) return text
  const isEnvOnly = template.references.every(({ source }) => source === 'env')
  if (isRaw && (!isEnvOnly || template.references.length === 0)) return text
  if (isEnvOnly) report.noteVariables(path, listNames(template))
  const missing = listMissing(template, env)
  for (const name of missing) {
    const message = `the environment has no variable "${name}"; set it, or give a default: \${env.${name} | "…"}`
    report.error(path, message, 'ERR_CONFIG_ENV')
  }
  if (!isEnvOnly || missing.length > 0) return text
  if (shapes.some((one) => one.form === 'template' && one.isUrl)) reportEmpty(text, path, env, report)
  return render(template, path, isRaw, env, report)
}

/** Returns undefined for a text that is no template, which is reported unless the text is raw. */
function compileText(text: string, path: ConfigPath, isRaw: boolean, report: Report): Template | undefined {
  let isBroken = false
  const template = compileTemplate(text, {
    at: report.locate(path).at,
    report({ message }) {
      isBroken = true
      if (!isRaw) report.error(path, describeBroken(message, path), 'ERR_CONFIG_TEMPLATE')
    },
  })
  return isBroken ? undefined : template
}

function listNames({ references }: Template): readonly string[] {
  return [...new Set(references.flatMap(({ path: [name] }) => (typeof name === 'string' ? [name] : [])))]
}

function listMissing(template: Template, env: Environment): readonly string[] {
  const names = template.references.flatMap(({ source, path: [name], hasDefault }) => {
    const isMissing = source === 'env' && !hasDefault && typeof name === 'string' && !Object.hasOwn(env, name)
    return isMissing ? [name] : []
  })
  return [...new Set(names)]
}

/** An empty value would change which URL is asked: `DELETE /jobs/` in place of `/jobs/7`. */
function reportEmpty(text: string, path: ConfigPath, env: Environment, report: Report): void {
  for (const part of splitTemplate(text, report.locate(path).at)) {
    if (typeof part === 'string' || part.mayBeEmpty || part.sources.length === 0) continue
    const value = part.render({ env })
    if (value !== '' && value !== null) continue
    const advice = `set it; if it may be empty, write ${part.text.slice(0, -1).trimEnd()} | ""}`
    report.error(path, `${part.text} is empty, and other URLs would be asked; ${advice}`, 'ERR_CONFIG_ENV')
  }
}

function render(template: Template, path: ConfigPath, isRaw: boolean, env: Environment, report: Report): unknown {
  try {
    const value = template.render({ env })
    return isRaw ? value : escapeDeep(value)
  } catch (error) {
    if (!(error instanceof CallbackError)) throw error
    const message = isSecretPlace(path) ? 'the variable cannot be converted to this type' : error.message
    report.error(path, message, 'ERR_CONFIG_TEMPLATE')
    return template.source
  }
}

/** A value from the environment is data: a `${` in it must not be rendered later. */
function escapeDeep(value: unknown): unknown {
  if (typeof value === 'string') return escapePlaceholders(value)
  if (Array.isArray(value)) return value.map(escapeDeep)
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeDeep(item)]))
}
