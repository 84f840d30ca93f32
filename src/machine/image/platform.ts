/** What an image was built for, in the words of the OCI image index (GOOS, GOARCH). */
export interface Platform {
  readonly os: string
  readonly architecture: string
  /** Such as `v7` of arm. */
  readonly variant?: string
}

const GOARCH: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm64: 'arm64',
  arm: 'arm',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
}

/**
 * The platform of containers on this machine: Linux on its processor.
 *
 * @param nodeArchitecture as `process.arch` has it.
 * @param armVersion of a 32-bit ARM, 5 to 8.
 */
export function machinePlatform(nodeArchitecture: string, armVersion?: number): Platform {
  const architecture = GOARCH[nodeArchitecture] ?? nodeArchitecture
  if (architecture !== 'arm' || armVersion === undefined) return { os: 'linux', architecture }
  return { os: 'linux', architecture, variant: `v${armVersion}` }
}

/** Such as `linux/arm/v7`. */
export function printPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`
  return `${platform.os}/${platform.architecture}${variant}`
}

/**
 * The entry of an index that suits a machine best: the same variant, then a lower one of arm, then one without a
 * variant. An index whose entries name no platform at all is taken to hold one image.
 */
export function choosePlatform<Entry extends { readonly platform: Platform | undefined }>(
  entries: readonly Entry[],
  wanted: Platform,
): Entry | undefined {
  const ranked = entries
    .map((entry) => ({ entry, rank: rankOf(entry.platform, wanted) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => b.rank - a.rank)
  if (ranked[0] !== undefined) return ranked[0].entry
  return entries.every((entry) => entry.platform === undefined) ? entries[0] : undefined
}

/** -1: can't run here. */
function rankOf(offered: Platform | undefined, wanted: Platform): number {
  if (offered?.os !== wanted.os || offered.architecture !== wanted.architecture) return -1
  const variant = normalVariant(offered)
  const machine = normalVariant(wanted)
  if (variant === machine) return 100
  if (variant === undefined) return 1
  if (machine === undefined) return wanted.architecture === 'arm64' ? -1 : 0
  // v6 runs on v7, not the other way round; amd64 has v1 to v4 in the same order.
  return versionOf(variant) < versionOf(machine) ? 1 + versionOf(variant) : -1
}

/** arm64 is v8 and amd64 is v1 when nothing else is said. */
function normalVariant(platform: Platform): string | undefined {
  if (platform.variant !== undefined && platform.variant !== '') return platform.variant
  return { arm64: 'v8', amd64: 'v1' }[platform.architecture]
}

function versionOf(variant: string): number {
  return Number(/^v(\d+)/.exec(variant)?.[1] ?? 0)
}
