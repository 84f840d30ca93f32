import type { KubeObject } from '../../store/store.ts'
import type { MetaVersion } from '../accepted-form.ts'
import type { AnswerForm } from '../answer-form.ts'

/** Objects without anything but their metadata, for clients that want no more, such as metadata informers. */
export function metadataForm(version: MetaVersion): AnswerForm {
  const one = (object: KubeObject): string => partialObject(object, version)
  return {
    one,
    list(objects, metadata) {
      const head = JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata })
      return `${head.slice(0, -1)},"items":[${objects.map(one).join(',')}]}`
    },
    event: one,
    bookmark: (metadata) =>
      JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata }),
  }
}

export function partialObject({ metadata }: KubeObject, version: MetaVersion): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)}}`
}
