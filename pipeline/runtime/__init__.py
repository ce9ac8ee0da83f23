"""How work runs and tells of itself: processes side by side, progress, time left, logs, the machine's folders.

Owns no knowledge of films, sound or networks. Public: `workers.run_parallel`, `progress.reporter.Reporter`, `relay`.
"""
