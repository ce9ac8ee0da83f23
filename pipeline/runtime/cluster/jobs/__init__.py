"""Workers as jobs of a batch system: asked for, kept up, and looked for in its queue.

Public: `batch.started_jobs`.
"""
