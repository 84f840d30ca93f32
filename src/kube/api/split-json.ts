/**
 * Where each value of a stream of JSON objects begins and ends (`{…}\n{…}`), as kubectl prints and takes them; undefined
 * when the text is no such stream.
 */
export function splitJson(text: string): readonly { readonly start: number; readonly end: number }[] | undefined {
  const pieces: { start: number; end: number }[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character === '"') {
      index = endOfText(text, index)
      if (depth === 0) return undefined
    } else if (character === '{' || character === '[') {
      if (depth === 0) start = index
      depth += 1
    } else if (character === '}' || character === ']') {
      depth -= 1
      if (depth < 0) return undefined
      if (depth === 0) pieces.push({ start, end: index + 1 })
    } else if (depth === 0 && !/\s/.test(character)) return undefined
  }
  return depth === 0 ? pieces : undefined
}

function endOfText(text: string, opening: number): number {
  for (let index = opening + 1; index < text.length; index++) {
    if (text[index] === '\\') index += 1
    else if (text[index] === '"') return index
  }
  return text.length
}
