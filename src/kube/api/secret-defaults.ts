interface SecretParts {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}

/** A Secret as it is kept: `stringData` is only another way to write `data`. */
export function fillSecretDefaults<T extends SecretParts>(secret: T): T {
  const { stringData, type = '', ...rest }: SecretParts = secret
  const written = Object.entries(stringData ?? {}).map(([key, text]): [string, string] => [
    key,
    Buffer.from(text).toString('base64'),
  ])
  const data = { ...secret.data, ...Object.fromEntries(written) }
  const filled = {
    ...rest,
    type: type === '' ? 'Opaque' : type,
    ...(stringData === undefined && secret.data === undefined ? {} : { data }),
  }
  return filled as unknown as T
}
