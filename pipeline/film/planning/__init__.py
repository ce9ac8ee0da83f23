"""Which takes are shown and for how long, in the film and in its cuts. Numbers in, numbers out.

Public: `settings`, `plan.choose_takes`, `cuts`.
"""
