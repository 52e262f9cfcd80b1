"""The working set of rows that rules read and change, and the shapes of those rows."""

from core.book.book import Book, BookStore, Changes, DictStore, Key
from core.book.rows import ROWS, Row

__all__ = ["ROWS", "Book", "BookStore", "Changes", "DictStore", "Key", "Row"]
