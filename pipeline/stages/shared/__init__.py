"""What several stages share: their results, the workplace they run in, and what a picture is drawn from.

No stage imports another; what two of them need stands here. Public: `results.Results`, `workplace.Workplace`.
"""
