"""`--cluster`: from its words to a workplace whose pieces go to workers.

Dask is imported here when it is asked for, and nowhere else above `runtime`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipeline.cli.workplace import Join
from pipeline.runtime.cluster.choice import read_choice
from pipeline.runtime.cluster.extra import load
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store


def joining(cluster: str, jobs: int | None) -> Join:
    """Return what opens the cluster that a command line names.

    Parameters
    ----------
    jobs
        How many pieces may run at once; by default as many as the workers have cores for.

    Raises
    ------
    InputError
        Where the words name no cluster, or the extra [cluster] is not installed.
    """
    choice = read_choice(cluster)
    load("distributed")

    @contextmanager
    def join(workplace: Workplace) -> Iterator[Workplace]:
        from pipeline.runtime.cluster.opening import open_cluster  # noqa: PLC0415 - brings Dask along

        root, note = workplace.store.root.resolve(), workplace.report.note  # workers have another working folder
        with open_cluster(choice, root, jobs=jobs, note=note) as executor:
            if workplace.force:  # what is made anew is not to be written by an earlier command too
                executor.stop_all()
            yield replace(
                workplace,
                store=Store(root),
                output=workplace.output.resolve(),
                jobs=jobs or executor.cores,
                executor=executor,
            )

    return join
