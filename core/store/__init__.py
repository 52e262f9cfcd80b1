"""The device's home: one encrypted SQLite file with its tables, migrations, statements and read models."""
