import { Failure } from '../../../failure.ts'

/** @throws Failure Conflict: nothing can be begun in it any more. */
export function refuseWhenOver(
  { metadata, status }: { readonly metadata: { readonly name: string }; readonly status?: { readonly phase?: string } },
  what: string,
): void {
  const phase = status?.phase
  if (phase !== 'Succeeded' && phase !== 'Failed') return
  throw new Failure('Conflict', `${what} pod ${JSON.stringify(metadata.name)}: it is over (${phase})`)
}
