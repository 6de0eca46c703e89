"""The broker protocols on the SQLite file of the database: for several processes of one machine, without a server."""
