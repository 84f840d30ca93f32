import { type Answer, jsonAnswer, textAnswer } from '../answer.ts'
import type { ServerParts } from '../server-parts.ts'
import { apiGroups, coreVersions, resourceList } from './discovery.ts'
import { versionDocument } from './version.ts'

const HEALTH: Answer = textAnswer(200, 'ok')

/** What is served beside objects, by path; a slash at the end makes no difference. */
const DOCUMENTS: Readonly<Record<string, (parts: ServerParts) => Answer>> = {
  '/api': () => json(coreVersions()),
  '/api/v1': () => json(resourceList()),
  '/apis': () => json(apiGroups()),
  '/version': ({ version }) => json(versionDocument(version)),
  '/healthz': () => HEALTH,
  '/livez': () => HEALTH,
  '/readyz': () => HEALTH,
}

export function getDocument(parts: ServerParts, path: string): Answer {
  const document = DOCUMENTS[path === '/' ? path : path.replace(/\/$/, '')]
  return document?.(parts) ?? textAnswer(404, '404 page not found\n')
}

function json(value: unknown): Answer {
  return jsonAnswer(200, JSON.stringify(value))
}
