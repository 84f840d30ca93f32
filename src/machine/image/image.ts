/** An image that is on this machine and unpacked: ready to be a root filesystem. */
export interface Image {
  /** `sha256:…` of the image config: Kubernetes' image ID. */
  readonly id: string
  /** Normal form of a reference that names it, such as `docker.io/library/nginx:latest`; absent for one pulled by digest. */
  readonly names: readonly string[]
  /** `name@sha256:…` of the manifests it was pulled by. */
  readonly digests: readonly string[]
  readonly sizeBytes: number
  readonly config: ImageConfig
  /** Unpacked layers, topmost first: the lower directories of an overlay. */
  readonly layerDirs: readonly string[]
}

/** The part of the OCI image config that a container needs. */
export interface ImageConfig {
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  /** NAME=value */
  readonly env: readonly string[]
  /** '' when the image names none. */
  readonly workingDir: string
  /** As in a Dockerfile: '', `uid`, `name`, `uid:gid`, `name:group` … */
  readonly user: string
  /** `SIGTERM`, `15` or undefined */
  readonly stopSignal: string | undefined
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[]
  readonly architecture: string
  readonly os: string
}

/** What a pull tells as it goes. Bytes are compressed bytes, as the registry counts them. */
export type PullProgress =
  | {
      readonly is: 'resolved'
      readonly reference: string
      readonly digest: string
      readonly layers: readonly LayerSize[]
    }
  | {
      readonly is: 'layer'
      readonly digest: string
      readonly doneBytes: number
      readonly totalBytes: number
      readonly step: 'download' | 'unpack' | 'done' | 'exists'
    }
  | { readonly is: 'retry'; readonly digest: string; readonly attempt: number; readonly message: string }

interface LayerSize {
  readonly digest: string
  readonly sizeBytes: number
}

/** What the engine needs of images. The reference may be written in any way people write it. */
export interface ImageSource {
  /** The image, when it is on this machine already (built-in images count: they are made when first asked for). */
  find(reference: string): Promise<Image | undefined>
  /**
   * Notes that an image is needed now.
   *
   * @param id of an image that whoever asks has already made known as one that a container stands on.
   * @returns undefined when it was removed before that: it is as if it had never been here.
   */
  use(id: string): Promise<Image | undefined>
  /** @throws Failure ErrImagePull | InvalidImageName | RegistryUnavailable */
  pull(
    reference: string,
    options: { readonly onProgress?: (progress: PullProgress) => void; readonly signal: AbortSignal },
  ): Promise<Image>
}
