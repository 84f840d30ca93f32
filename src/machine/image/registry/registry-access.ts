import type { ImageReference } from '../reference.ts'
import type { CredentialsLookup } from './credentials.ts'
import type { HttpTransport } from './http-transport.ts'
import type { RegistriesConfig } from './registries-config.ts'
import { connectRegistry, type RegistryConnection } from './registry-connection.ts'
import { endpointsOf, ownEndpoint } from './registry-endpoints.ts'
import type { RetryPolicy } from './retry.ts'

/** Everything that it takes to talk to registries. */
export interface RegistryAccess {
  readonly config: RegistriesConfig
  readonly credentials: CredentialsLookup
  readonly transport: HttpTransport
  readonly retry: RetryPolicy
}

/** For reading: mirrors first, then the registry itself. */
export function connectAll(reference: ImageReference, access: RegistryAccess): RegistryConnection[] {
  const { config, credentials, transport } = access
  return endpointsOf(reference.registry, config).map((endpoint) =>
    connectRegistry({ endpoint, repository: reference.repository, access: 'pull', transport, credentials }),
  )
}

/**
 * For writing.
 *
 * @param alsoReads repositories of the same registry that blobs may be taken over from.
 */
export function connectForPush(
  reference: ImageReference,
  access: RegistryAccess,
  alsoReads: readonly string[],
): RegistryConnection {
  const { config, credentials, transport } = access
  return connectRegistry({
    endpoint: ownEndpoint(reference.registry, config),
    repository: reference.repository,
    access: 'pull,push',
    transport,
    credentials,
    alsoReads,
  })
}
