"""Progress: what is reported, how fast work goes, the time left, and the log of a build.

Public: `reporter.Reporter`, `pace`, `outlook`, `build_log`.
"""
