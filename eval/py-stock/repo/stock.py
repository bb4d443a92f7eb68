"""What is left of each article. Several processes share the database."""

import sqlite3


class SoldOut(Exception):
    pass


def open_stock(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS stock (article TEXT PRIMARY KEY, pieces INTEGER NOT NULL)")
    return db


def reserve(db: sqlite3.Connection, article: str, pieces: int) -> int:
    """Takes PIECES of ARTICLE and returns how many are left."""
    row = db.execute("SELECT pieces FROM stock WHERE article = ?", (article,)).fetchone()
    if row is None or row[0] < pieces:
        raise SoldOut(article)
    left = row[0] - pieces
    db.execute("UPDATE stock SET pieces = ? WHERE article = ?", (left, article))
    return left


def withdraw(db: sqlite3.Connection, article: str, pieces: int) -> None:
    """The same for who does not want to know what is left."""
    done = db.execute(
        "UPDATE stock SET pieces = pieces - ? WHERE article = ? AND pieces >= ?",
        (pieces, article, pieces),
    )
    if done.rowcount != 1:
        raise SoldOut(article)
