/**
 * Puts cells that end with a tab under one another, as Go's text/tabwriter does: a column is a run of lines that have a cell
 * there, as wide as its widest cell and two blanks; the rest of a line belongs to no column.
 *
 * @see https://pkg.go.dev/text/tabwriter
 */
export function alignTabs(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  return alignBlock(lines, [])
    .map((line) => line.join(''))
    .join('\n')
}

const PADDING = 2

type Line = readonly string[]

/** @param widths of the columns to the left, which all of the lines have. */
function alignBlock(lines: readonly Line[], widths: readonly number[]): readonly Line[] {
  const column = widths.length
  const hasCell = (line: Line | undefined): boolean => line !== undefined && column < line.length - 1
  const aligned: Line[] = []
  for (let from = 0; from < lines.length;) {
    const isInColumn = hasCell(lines[from])
    const length = lines.slice(from).findIndex((line) => hasCell(line) !== isInColumn)
    const block = length === -1 ? lines.slice(from) : lines.slice(from, from + length)
    if (isInColumn) {
      const width = Math.max(...block.map((line) => Array.from(line[column] ?? '').length)) + PADDING
      aligned.push(...alignBlock(block, [...widths, width]))
    } else aligned.push(...block.map((line) => pad(line, widths)))
    from += block.length
  }
  return aligned
}

function pad(line: Line, widths: readonly number[]): Line {
  return line.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - Array.from(cell).length)))
}
