"""Takes that are asked for: what determines one, and the work that a process does for it.

Public: `requests.RequestedTake`, `requests.take_job`.
"""
