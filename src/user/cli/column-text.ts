/** Cells under their headings, as kubectl prints tables: three blanks between columns, none at the end of a line. */
export function columnText(
  rows: readonly (readonly string[])[],
  widths: readonly number[] = columnWidths(rows),
): string {
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

export function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: columns }, (_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
}
