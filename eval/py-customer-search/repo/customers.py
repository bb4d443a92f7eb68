"""Customers in SQLite. What callers hand in comes from a form."""

import sqlite3

COLUMNS = {"name": "name", "city": "city", "since": "created_at"}


def search(db: sqlite3.Connection, text: str, order: str = "name") -> list[tuple]:
    """Customers whose name contains TEXT, in the order of a column."""
    column = COLUMNS.get(order, "name")
    return db.execute(
        f"SELECT id, name FROM customers WHERE name LIKE '%{text}%' ORDER BY {column}"
    ).fetchall()


def by_ids(db: sqlite3.Connection, ids: list[int]) -> list[tuple]:
    """Customers by their numbers, at most a hundred."""
    ids = ids[:100]
    marks = ", ".join("?" for _ in ids)
    return db.execute(
        f"SELECT id, name FROM customers WHERE id IN ({marks})", ids
    ).fetchall()


def rename(db: sqlite3.Connection, customer: int, name: str) -> bool:
    """False when there is no such customer."""
    with db:
        done = db.execute("UPDATE customers SET name = ? WHERE id = ?", (name, customer))
    return done.rowcount == 1
