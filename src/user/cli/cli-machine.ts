import type { Endpoint } from '../client/endpoint.ts'
import type { ServerAccess } from './kubeconfig/merge-kubeconfig.ts'

/** What commands ask of the machine itself: main.ts fills it. Nothing of it is loaded before it is called. */
export interface CliMachine {
  /** Such as `0.1.0`. */
  readonly version: string
  /** The API of the server that runs on the state directory, or of one that runs inside this process from now on. */
  connect(options: ConnectOptions): Promise<Connection>
  /** Where the server that runs on the state directory answers; undefined when none runs. */
  findServer(options: { readonly stateDirectory: string }): Promise<Endpoint | undefined>
  /**
   * The server of the state directory. Settles once `signal` aborts; the pods go on without it, under the next one.
   *
   * @throws Failure StateLocked while another one runs; StateCorrupt
   */
  serve(options: ServeOptions): Promise<void>
  /**
   * How clients get into the server of the state directory with all rights.
   *
   * @throws Failure NotFound when no server ever listened for them there
   */
  serverAccess(options: { readonly stateDirectory: string }): Promise<ServerAccess>
  openImages(options: { readonly stateDirectory: string }): Promise<ImageCommands>
  /** Everything that pods need of this machine, in the order in which it is shown. */
  doctor(options: { readonly stateDirectory: string; readonly signal: AbortSignal }): Promise<readonly MachineCheck[]>
}

export interface ConnectOptions {
  readonly stateDirectory: string
  /** Called while the server inside this process pulls an image; a server elsewhere tells by events alone. */
  readonly onPullProgress?: (image: string, progress: PullStep) => void
  /** Of the server inside this process; absent: normal. */
  readonly restartBackOff?: 'normal' | 'fast'
  readonly signal: AbortSignal
}

export interface ServeOptions {
  readonly stateDirectory: string
  readonly restartBackOff: 'normal' | 'fast'
  /** No crashed container stays down for longer; 1 s to 5 min. */
  readonly maxRestartBackOffMs?: number
  readonly listen: ListenOptions
  /** Called once its API answers. */
  readonly onReady: (at: ServedAt) => void
  readonly signal: AbortSignal
}

/** Where the server is reached by clients other than root on this machine. */
export interface ListenOptions {
  /** Absent: 127.0.0.1:6443 or, when somebody else has it, any free port there. */
  readonly address?: { readonly host: string; readonly port: number }
  /** More names and addresses that its certificate is to hold. */
  readonly names: readonly string[]
}

interface ServedAt {
  readonly socketPath: string
  /** Such as `https://127.0.0.1:6443`. */
  readonly url: string
}

export interface Connection {
  readonly endpoint: Endpoint
  /** Whether the server runs in this process: it then ends with `stop`. */
  readonly embedded: boolean
  /** Closes the connection; an embedded server takes its pods down and leaves nothing behind. */
  stop(): Promise<void>
}

/** What a pull tells as it goes. Bytes are compressed bytes, as the registry counts them. */
export type PullStep =
  | {
      readonly is: 'resolved'
      readonly reference: string
      readonly digest: string
      readonly layers: readonly { readonly digest: string; readonly sizeBytes: number }[]
    }
  | {
      readonly is: 'layer'
      readonly digest: string
      readonly doneBytes: number
      readonly totalBytes: number
      readonly step: 'download' | 'unpack' | 'done' | 'exists'
    }
  | { readonly is: 'retry'; readonly digest: string; readonly attempt: number; readonly message: string }

/** What `peapod image …` does. References may be written in any way people write them. */
export interface ImageCommands {
  pull(reference: string, options: TransferOptions): Promise<PulledImage>
  push(reference: string, options: TransferOptions): Promise<{ readonly digest: string }>
  /** Reads a docker-archive or an OCI archive. */
  load(archive: AsyncIterable<Buffer>, options: { readonly signal: AbortSignal }): Promise<readonly PulledImage[]>
  /** A tar archive that `load` and Docker read, as it is made. */
  save(references: readonly string[], options: { readonly signal: AbortSignal }): AsyncIterable<Buffer>
  list(): Promise<readonly ListedImage[]>
  remove(reference: string, options: { readonly force: boolean }): Promise<RemovedImage>
  /** Removes what no name leads to; with `all` every image that no pod uses. */
  prune(options: { readonly all: boolean }): Promise<PruneResult>
}

export interface TransferOptions {
  readonly onProgress?: (progress: PullStep) => void
  readonly signal: AbortSignal
}

export interface PulledImage {
  /** Normal form, such as `docker.io/library/nginx:latest`. */
  readonly name: string
  /** `sha256:…` of the image config. */
  readonly id: string
}

export interface ListedImage {
  /** Normal forms; empty for an image that has lost its last name. */
  readonly names: readonly string[]
  /** `name@sha256:…` */
  readonly digests: readonly string[]
  readonly id: string
  readonly sizeBytes: number
}

interface RemovedImage {
  readonly untagged: readonly string[]
  /** Ids of images that are gone with their last name. */
  readonly deleted: readonly string[]
}

interface PruneResult {
  readonly deleted: readonly { readonly id: string; readonly names: readonly string[] }[]
  readonly freedBytes: number
}

/** One thing that pods need of the machine. */
export interface MachineCheck {
  /** Such as `OCI runtime`. */
  readonly name: string
  readonly verdict: 'good' | 'warning' | 'missing'
  /** What was found, or what is wrong. */
  readonly detail: string
  /** The command that mends it, or a sentence where no command does. */
  readonly remedy?: string
}
