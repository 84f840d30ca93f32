import { readFile } from 'node:fs/promises'

/** Kubernetes' descriptions, by type and field; '' is the type itself. */
export type Docs = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Read anew each time: a megabyte that is needed once or never. */
export async function readDocs(): Promise<Docs> {
  return JSON.parse(await readFile(new URL('./generated/docs.json', import.meta.url), 'utf8')) as Docs
}
