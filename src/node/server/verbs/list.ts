import { type Answer, jsonAnswer } from '../answer.ts'
import { answerForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import { readPage } from '../read-page.ts'
import type { ServerParts } from '../server-parts.ts'

/** A list, or a page of one. */
export async function listObjects({ store, clock }: ServerParts, request: ApiRequest): Promise<Answer> {
  const { query } = request
  const form = await answerForm(request, 'list', () => clock.nowMs())
  if (query.has('resourceVersionMatch') || query.has('sendInitialEvents')) {
    const { checkListOptions } = await import('../list-options.ts')
    checkListOptions(query, 'list')
  }
  const page = readPage(store, request)
  return page.is === 'known' ? jsonAnswer(200, form.list(page.items, page.metadata)) : page.answer
}
