/**
 * Replaces `$(NAME)` as Kubernetes does in command, args, env values and subPathExpr (E1): `$$` stands for one `$`, and
 * a name that `lookup` does not know stays as it is written.
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (written, name?: string) => {
    if (written === '$$') return '$'
    return lookup(name ?? '') ?? written
  })
}
