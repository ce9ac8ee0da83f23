"""Pieces of a build done by the workers of a Dask cluster.

Owns everything that knows Dask; imported only where `--cluster` asks for it. Public: `opening.open_cluster`,
`choice.read_choice`, `survey.survey_workers`.
"""
