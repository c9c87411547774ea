"""Table rows as prose: every cell under its own column heading."""

from __future__ import annotations

CELL = "\t"
COLUMN = " | "


def is_row(text: str) -> bool:
    """Tell whether a quoted text is a row of a table."""
    return CELL in text.strip()


def row_as_prose(row: str, header: str) -> str:
    """Return the cells of a row, each led by its column heading where the header has as many columns.

    `header` is the header row as it stands last in a heading path, columns separated by " | ".
    """
    cells, columns = [cell.strip() for cell in row.split(CELL)], [column.strip() for column in header.split(COLUMN)]
    if len(cells) != len(columns):
        return " · ".join(cell for cell in cells if cell)
    return " · ".join(
        f"{column}: {cell}" if column else cell for column, cell in zip(columns, cells, strict=True) if cell
    )
