"""Pieces of a build done by the workers of a Dask cluster.

Owns everything that knows Dask; imported only where `--cluster` asks for it. Dask runs what it is sent, and reads what
it receives as pickles: whoever may speak to a scheduler may run programs on its workers and on the machines that
connect to it. So a scheduler is only ever the one that a person has named, or one of this machine. Above that,
nothing that a worker says is run here: its answers are plain values, its files are checked by name, size and hash.

Public: `opening.open_cluster`, `opening.look_at_workers`, `choice.read_choice`.
"""
