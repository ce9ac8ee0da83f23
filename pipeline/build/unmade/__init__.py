"""What of a film is not made yet: stand-ins for it, a place aside for them, and how much of it a build will make.

Owns what stand-ins are like. Nothing of it enters a film's own results. Public: `foresee.foresee`,
`placeholders.placeholder_run`, `aside.AsideStore`.
"""
